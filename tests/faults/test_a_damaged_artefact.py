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
from models_registry.tests.artefacts import kept, of_another_release
from models_registry.tests.cast import a_version
from predictions.jobs import run_score_job, start_score_job
from predictions.measurement import measure
from predictions.tests.scored import a_prediction
from tests.cast import Caller

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


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


def test_back_in_a_release_that_knows_less_of_leads_the_last_version_that_it_can_read_serves() -> None:
    first, lead, crm, before = kept("20260101000000"), a_lead(), Caller(), damaged_loads()
    activation.activate(org_id="default", version=first.version, by="tester", at=timezone.now())
    ModelVersion.objects.update(is_active=False)
    second = of_another_release("20260101000001", is_active=True)
    predict = f"/api/ml/predict/{lead.number}"
    answer = crm.post(predict)
    assert (answer.status_code, answer.json()["model_version"]) == (200, first.version)
    assert damaged_loads() > before
    job = start_score_job(org_id="default", by="tester", criteria={})
    run_score_job(job)
    job.refresh_from_db()
    assert (job.status, job.failed) == ("SUCCEEDED", 0)
    assert {row.version for row in measure(org_id="default", at=timezone.now())} == {second.version, ""}
    ModelVersion.objects.filter(pk=first.pk).update(archived_at=timezone.now())
    for answer in (crm.post(predict), crm.post(f"{predict}/what-if", {"changes": {"appointments_count": 4}})):
        assert answer.status_code == 503
        assert "make another version active" in answer.json()["errors"][0]["detail"]
    assert crm.get(f"{predict}/latest").status_code == 200


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
