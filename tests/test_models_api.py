"""Models over HTTP, under both prefixes."""

from datetime import datetime, timezone

import pytest

from leads.tests.cast import MONDAY, a_lead, a_past
from models_registry import thresholds
from models_registry.activation import activate
from models_registry.models import ModelArtefact, ModelVersion, TrainingRun
from models_registry.tests.artefacts import kept, small
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


def test_the_times_of_a_runs_messages_are_utc_with_z(crm: Caller) -> None:
    run = TrainingRun.objects.create(since=MONDAY, as_of=MONDAY)
    assert run.claim()
    run.report("reading", 0.1, "Reading.")
    (message,) = crm.get(f"/api/ml/model/train/{run.pk}").json()["messages"]
    assert message["at"].endswith("Z")


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


@pytest.mark.parametrize("prefix", ["/api/ml/model", "/api/v1/model"])
def test_the_ledger_says_what_was_live_page_by_page_and_at_any_moment(crm: Caller, prefix: str) -> None:
    for name in ("20260101000000", "20260201000000"):
        kept(name)
        activate(org_id="default", version=name, by="tester", at=datetime(2026, 3, int(name[5]), tzinfo=timezone.utc))
    kept("20260101000000", org_id="other")
    activate(org_id="other", version="20260101000000", by="tester", at=datetime(2026, 3, 1, tzinfo=timezone.utc))
    page = crm.get(f"{prefix}/ledger?limit=1").json()
    assert [(row["number"], row["version"], row["act"]) for row in page["results"]] == [
        (2, "20260201000000", "activate")
    ]
    older = crm.get(page["next"]).json()["results"]
    assert [row["number"] for row in older] == [1]
    assert older[0]["hash"] == page["results"][0]["previous_hash"]
    assert crm.get(f"{prefix}/ledger?at=2026-03-01T12:00:00Z").json()["results"] == older
    assert crm.get(f"{prefix}/ledger?at=2026-02-01T12:00:00Z").json()["results"] == []
    assert_error(crm.get(f"{prefix}/ledger?at=yesterday"), 400, "at")
    assert_error(Caller(scopes=("leads:write",)).get(f"{prefix}/ledger"), 403)


def test_info_and_actions_go_by_the_thresholds_that_are_live(crm: Caller) -> None:
    kept("20260101000000")
    now = datetime.now(timezone.utc)
    activate(org_id="default", version="20260101000000", by="tester", at=now)
    own = dict.fromkeys(thresholds.NAMES, 0.0)
    thresholds.set_thresholds(org_id="default", thresholds=own, by="tester", at=now, reason="call everyone")
    assert crm.get("/api/ml/model/info").json()["thresholds"] == own
    columns = small().model.golden.columns  # type: ignore[union-attr]
    features = {name: column[0] for name, column in columns.items() if column[0] == column[0] and column[0] is not None}
    assert crm.post("/api/v1/predict", {"features": features}).json()["recommended_action"] == "HIGH_PRIORITY"


def test_a_rollback_to_a_version_that_fails_its_rehearsal_is_409_in_clear_words(crm: Caller) -> None:
    ModelArtefact.objects.filter(version=kept("20260101000000")).update(content=b"nonsense")
    response = crm.post("/api/ml/model/rollback/20260101000000")
    assert_error(response, 409)
    assert "Nothing was changed" in response.json()["errors"][0]["detail"]
