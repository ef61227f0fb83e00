"""No page asks the database more than twenty times, whatever is in it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.tests.people import staff
from experiments.tests.cast import an_experiment, exposed
from insights.models import SavedView
from insights.tests.test_quality_page import DRIFT, NOTHING, measured
from leads.models import ImportJob
from models_registry.models import ModelVersion
from models_registry.tests.cards import CARD, MEASURED, a_training_run, a_version
from predictions.models import QualityKind
from predictions.tests.scored import a_scored_lead

pytestmark = pytest.mark.django_db
OLD, NEW = "20260101000000", "20260201000000"
MOST = 20
PAGES = (
    "",
    "?calls=30",
    "?order=expected_value&action=NURTURE",
    "?source=portal&search=portal&calls=30",
    "leads/42/",
    "overview/",
    "overview/live",
    "models/",
    "models/compare",
    f"models/{OLD}/",
    f"models/{OLD}/activate",
    "quality/",
    "data/",
    "data/imports/{job}/",
    "experiments/",
    "experiments/plan",
    "experiments/{experiment}/",
)


@pytest.fixture
def numbers() -> dict[str, object]:
    """Something of each kind that a page shows."""
    for number in range(42, 52):
        a_scored_lead(number=number, action="NURTURE", source="portal", expected_value=5.0)
    a_version(OLD, metrics=MEASURED, card=CARD)
    active = a_version(NEW, is_active=True, metrics=MEASURED, card=CARD)
    measured(active, QualityKind.DRIFT, 30, DRIFT)
    measured(active, QualityKind.REALISED, 90, NOTHING)
    for version in ModelVersion.objects.all():
        a_training_run(version=version, status="SUCCEEDED")
    experiment = an_experiment(days_ago=60)
    exposed(experiment, "control", 3, converted=1)
    job = ImportJob.objects.create(status="SUCCEEDED", rejects=[{"file": "a", "line": 2, "reason": "x", "row": "y"}])
    return {"experiment": experiment.pk, "job": job.pk}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_takes_fewer_than_twenty_statements(page: str, numbers: dict[str, object]) -> None:
    client = staff()
    SavedView.objects.create(user_id=client.session["_auth_user_id"], name="mine", query="calls=30")
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(f"/ml-insights/{page.format(**numbers)}")
    assert answer.status_code == 200
    assert len(captured) < MOST
