"""An artefact that is not what was stored is refused; what was live before it serves, and an alert says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from prometheus_client import REGISTRY

from common.tests.people import staff
from leads.tests.cast import a_lead, a_past
from models_registry import activation, artefacts
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.tests.cast import a_version
from predictions.jobs import run_score_job, start_score_job
from predictions.tests.scored import a_prediction
from tests.cast import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> list[ModelVersion]:
    """Two that were live, the second still, in a process that has loaded neither."""
    a_past()
    first, second = (a_version(algorithm="logistic_regression", notes=name) for name in ("first", "second"))
    if not second.is_active:
        activation.activate(org_id="default", version=second.version, by="tester", at=second.created_at)
    forget(monkeypatch)
    return [first, second]


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefacts, "_memory", artefacts._Memory())


def damage(version: ModelVersion) -> None:
    """As bytes that rotted on a disk; each version has a digest of its own, whatever it learnt."""
    ModelVersion.objects.filter(pk=version.pk).update(digest=f"{version.pk:064d}")
    ModelArtefact.objects.filter(version=version).update(content=b"\x80\x04nonsense")


def damaged_loads() -> float:
    return REGISTRY.get_sample_value("ml_model_loads_total", {"result": "damaged"}) or 0.0


def test_the_last_good_version_serves_while_the_active_one_is_damaged(versions: list[ModelVersion]) -> None:
    first, second = versions
    lead, crm, before = a_lead(), Caller(), damaged_loads()
    damage(second)
    answer = crm.post(f"/api/ml/predict/{lead.number}")
    assert (answer.status_code, answer.json()["model_version"], answer.json()["method"]) == (200, first.version, "ML")
    assert damaged_loads() > before  # what LeadqualArtefactDamaged watches
    job = start_score_job(org_id="default", by="tester", criteria={})
    run_score_job(job)
    job.refresh_from_db()
    assert (job.status, job.failed) == ("SUCCEEDED", 0)
    assert ModelVersion.objects.active().get() == second  # which one is active is for people to say


def test_where_no_version_is_whole_it_is_503_and_never_a_wrong_score(versions: list[ModelVersion]) -> None:
    for version in versions:
        damage(version)
    answer = Caller().post(f"/api/ml/predict/{a_lead().number}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "damaged_artefact")


def test_pages_say_so_too_where_no_version_is_whole(versions: list[ModelVersion]) -> None:
    lead, client = a_lead(), staff()
    a_prediction(lead, timezone.now())
    for version in versions:
        damage(version)
    page = f"/ml-insights/leads/{lead.number}/"
    for answer in (client.post(f"{page}score"), client.get(f"{page}what-if?appointments_count=4")):
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "roll back to another version" in answer.content.decode()


def test_a_damaged_version_is_not_rolled_back_to(versions: list[ModelVersion], monkeypatch: Any) -> None:
    first, second = versions
    damage(first)
    answer = Caller().post(f"/api/ml/model/rollback/{first.version}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "failed_rehearsal")
    assert ModelVersion.objects.active().get() == second
