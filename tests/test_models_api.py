"""Models over HTTP, under both prefixes."""

import pytest

from leads.tests.cast import a_lead, a_past
from models_registry.models import ModelVersion
from models_registry.tests.cast import a_version
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db


@pytest.fixture
def crm() -> Caller:
    return Caller()


def test_without_an_active_model_the_answer_says_what_to_do(crm: Caller) -> None:
    response = crm.get("/api/ml/model/info")
    assert_error(response, 404)
    assert "rules" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("prefix", ["/api/ml/model", "/api/v1/model"])
def test_the_active_versions_card(crm: Caller, prefix: str) -> None:
    a_past()
    version = a_version()
    info = crm.get(f"{prefix}/info").json()
    assert info["version"] == version.version
    assert {"algorithm", "features", "metrics", "thresholds", "trained_from", "trained_until"} <= set(info)
    shares = [row["importance"] for row in crm.get(f"{prefix}/feature-importance").json()]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    listed = crm.get(f"{prefix}/versions").json()
    assert [row["is_active"] for row in listed] == [True]
    assert {"precision", "recall", "f1", "roc_auc", "accuracy"} <= set(listed[0]["metrics"])


def test_too_few_records_are_400_with_the_counts(crm: Caller) -> None:
    response = crm.post("/api/ml/model/train")
    assert_error(response, 400)
    assert "0 usable records" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("body", [{"algorithm": "dice"}, {"algorithm": 5}, {"more": 1}, [], "x"])
def test_a_broken_request_for_training_is_400(crm: Caller, body: object) -> None:
    a_past()
    assert_error(crm.post("/api/ml/model/train", body), 400)


def test_training_is_queued_followed_and_not_doubled(crm: Caller) -> None:
    a_past()
    started = crm.post("/api/ml/model/train", {"notes": "spring"})
    assert started.status_code == 202
    run = started.json()
    assert run["status"] == "QUEUED"
    followed = crm.get(run["status_url"]).json()
    assert (followed["run_id"], followed["progress"], followed["notes"]) == (run["run_id"], 0, "spring")
    second = crm.post("/api/v1/model/train", {})
    assert_error(second, 409)
    assert run["run_id"] in second.json()["errors"][0]["detail"]
    assert_error(Caller("other").get(run["status_url"]), 404)


def test_rollback_by_either_address(crm: Caller) -> None:
    a_past()
    first, second = a_version(), a_version()
    assert crm.post(f"/api/ml/model/rollback/{second.version}").json()["is_active"]
    assert ModelVersion.objects.active().get() == second
    assert crm.post("/api/v1/model/rollback", {"version": first.version}).status_code == 200
    assert ModelVersion.objects.active().get() == first
    lead = a_lead()
    assert crm.post(f"/api/ml/predict/{lead.number}").json()["model_version"] == first.version


def test_rollback_to_what_is_not_there_is_404(crm: Caller) -> None:
    assert_error(crm.post("/api/ml/model/rollback/19990101000000"), 404)
    assert_error(crm.post("/api/v1/model/rollback", {"version": "19990101000000"}), 404)


def test_rollback_to_an_archived_version_is_409(crm: Caller) -> None:
    a_past()
    version = a_version()
    ModelVersion.objects.update(is_active=False, archived_at=version.created_at)
    assert_error(crm.post(f"/api/ml/model/rollback/{version.version}"), 409)


def test_notes_can_be_edited(crm: Caller) -> None:
    a_past()
    version = a_version()
    assert (
        crm.patch(f"/api/ml/model/versions/{version.version}", {"notes": "good in autumn"}).json()["notes"]
        == "good in autumn"
    )
    assert_error(crm.patch("/api/ml/model/versions/19990101000000", {"notes": ""}), 404)
