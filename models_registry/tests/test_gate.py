"""Who may become active: by evidence on the same newest leads, and with words that say why."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from leads.tests.cast import a_past
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.tests.cast import a_run, a_version

pytestmark = pytest.mark.django_db


def test_too_good_a_figure_is_taken_for_leakage_and_waits_for_a_person(settings: Any) -> None:
    settings.ML_LEAKAGE_ROC_AUC = 0.55
    a_past()
    run = a_run()
    assert not run.activated
    assert "too good to be true" in run.verdict
    assert run.evidence["roc_auc"] > 0.55
    assert not ModelVersion.objects.active().exists()


def test_a_version_that_is_not_worse_takes_over_from_one_that_has_grown_old() -> None:
    a_past()
    old = a_version()
    ModelVersion.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=91))
    run = a_run()
    assert run.activated, run.verdict
    assert "older than 90 days" in run.verdict
    assert run.evidence["champion"] == old.version


def test_a_damaged_champion_is_replaced() -> None:
    a_past()
    damaged = a_version()
    ModelArtefact.objects.filter(version=damaged).update(content=b"nonsense")
    ModelVersion.objects.filter(pk=damaged.pk).update(digest="0" * 64)
    run = a_run()
    assert run.activated
    assert "damaged" in run.verdict


def test_the_evidence_is_kept_with_the_run() -> None:
    a_past()
    first, second = a_version(), a_run()
    assert second.evidence["champion"] == first.version
    assert {"log_loss", "auc", "better", "not_worse"} <= set(second.evidence)
