"""Every list, and a page of one, in the admin: readable to all, at both widths."""

from __future__ import annotations

import pytest
from django.contrib import admin

from common import audit, service_tokens
from experiments.tests.cast import an_experiment, exposed
from leads.tests.cast import MONDAY
from models_registry.models import ModelVersion, Policy, ScoringRule
from models_registry.tests.cards import a_training_run
from tests.access.addresses import tables
from tests.journeys.conftest import Arrival, Versions

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
OTHERS = (
    "/admin/",
    "/admin/common/servicetoken/add/",
    "/admin/experiments/experiment/add/",
    "/admin/django_celery_beat/periodictask/add/",
    "/admin/password_change/",
)


@pytest.fixture
def full(scored: Versions) -> None:
    """A row in every table of ours."""
    exposed(an_experiment(days_ago=60), "control", 3, converted=1)
    audit.record(org_id="default", act="model.activate", by="tester", at=MONDAY, subject="20260101000000")
    service_tokens.issue(name="crm", org_id="default", scopes=["predictions:read"], days=1, by="tester")
    ScoringRule.objects.create(feature="appointments_count", low=1, points=20, position=1)
    Policy.objects.create(org_id="default", new_outcomes=500)
    a_training_run()


def test_every_list(arrives: Arrival, full: None) -> None:
    root = arrives("admin")
    for path in (*OTHERS, *(f"/admin/{label.replace('.', '/')}/" for label in tables())):
        assert root.goes(path) == 200, path
        root.looks()


def test_fields_and_buttons_stay_within_a_telephone(arrives: Arrival, scored: Versions) -> None:
    """What stands out of a card is cut off there, and widens no page."""
    root, version = arrives("admin"), ModelVersion.objects.get(version=scored.new)
    root.page.set_viewport_size({"width": 390, "height": 900})
    for path, selector in (("", ".actions .button"), (f"{version.pk}/change/", ".form-row > div")):
        root.goes(f"/admin/models_registry/modelversion/{path}")
        rights = [box["x"] + box["width"] for each in root.finds(selector).all() if (box := each.bounding_box())]
        assert rights
        assert max(rights) <= 390 - 16, path


def test_a_page_of_one(arrives: Arrival, full: None) -> None:
    root = arrives("admin")
    for model in admin.site._registry:
        row = model._default_manager.first()
        if row is None:
            continue
        path = f"/admin/{model._meta.label_lower.replace('.', '/')}/{row.pk}/change/"
        assert root.goes(path) == 200, path
        root.looks()
