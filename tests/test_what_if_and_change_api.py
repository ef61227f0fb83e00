"""What if it were otherwise, and why it moved, over HTTP."""

from typing import Any

import pytest
from django.utils import timezone

from leads import snapshots
from leads.models import LeadScore
from leads.tests.cast import DAY, HOUR, a_lead, a_message, a_past, a_property
from models_registry.tests.cast import a_version
from predictions.forgetting import forget_lead
from predictions.models import Prediction
from predictions.tests.scored import a_prediction
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db


@pytest.fixture
def crm() -> Caller:
    return Caller()


@pytest.fixture
def model() -> Any:
    a_past()
    return a_version()


def what_if(crm: Caller, lead: Any, **changes: Any) -> Any:
    return crm.post(f"/api/ml/predict/{lead.number}/what-if", {"changes": changes})


def values(body: Any) -> dict[str, Any]:
    return {part["feature"]: part["value"] for part in body["feature_contributions"]}


@pytest.mark.parametrize("door", ["what-if", "change"])
def test_of_a_lead_that_is_forgotten_while_it_is_read_nothing_is_said(
    crm: Caller, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, take = a_lead(), snapshots.take
    crm.post(f"/api/ml/predict/{lead.number}")

    def forgotten_first(*args: Any, **how: Any) -> Any:
        monkeypatch.undo()
        assert forget_lead(org_id="default", number=lead.number, by="tester", at=timezone.now())
        return take(*args, **how)

    monkeypatch.setattr(snapshots, "take", forgotten_first)
    address = f"/api/ml/predict/{lead.number}/{door}"
    assert_error(
        crm.get(address) if door == "change" else crm.post(address, {"changes": {"appointments_count": 4}}), 404
    )


def test_what_if_answers_the_probability_as_it_would_be_and_stores_nothing(crm: Caller, model: Any) -> None:
    lead = a_lead(timezone.now() - 3 * DAY)
    present = crm.post(f"/api/ml/predict/{lead.number}").json()
    body = what_if(crm, lead, inbound_messages_count=6).json()
    assert body["present_probability"] == pytest.approx(present["conversion_probability"], abs=1e-3)
    assert body["conversion_probability"] > body["present_probability"]
    assert body["difference"] == pytest.approx(body["conversion_probability"] - body["present_probability"], abs=1e-12)
    low, high = body["probability_interval"]
    assert low <= body["conversion_probability"] <= high
    total = body["base_probability"] + sum(part["contribution"] for part in body["feature_contributions"])
    assert total == pytest.approx(body["conversion_probability"], abs=1e-6)
    assert (Prediction.objects.count(), LeadScore.objects.get(dossier=lead).prediction_id) == (1, present["id"])


def test_what_follows_from_a_change_moves_with_it_and_is_named(crm: Caller, model: Any) -> None:
    lead = a_lead(timezone.now() - 3 * DAY)
    body = what_if(crm, lead, inbound_messages_count=6).json()
    assert body["changes"] == {"inbound_messages_count": 6}
    assert body["followed"] == {"inbound_messages_last_7_days": 6, "engagement_rate": 6.0, "days_since_last_event": 0}
    assert {name: values(body)[name] for name in body["followed"]} == body["followed"]


def test_a_first_answer_given_now_takes_as_long_as_the_lead_has_waited(crm: Caller) -> None:
    lead = a_lead(timezone.now() - 3 * DAY)
    a_message(lead, timezone.now() - 2 * HOUR)
    body = what_if(crm, lead, outbound_messages_count=1).json()
    assert values(body)["response_time_minutes"] == pytest.approx(120, abs=1)
    assert body["recommended_action"] == "LOW_PRIORITY"
    assert body["method"] == "RULE_BASED"


def test_a_value_may_be_supposed_missing(crm: Caller, model: Any) -> None:
    lead = a_lead(timezone.now() - 3 * DAY)
    a_property(lead)
    body = what_if(crm, lead, property_price=None, source=None).json()
    assert values(body)["property_price"] is None
    assert values(body)["has_property"] == 1
    assert body["changes"] == {"property_price": None, "source": None}


def test_no_change_of_value_is_no_difference(crm: Caller) -> None:
    body = what_if(crm, a_lead(), appointments_count=0).json()
    assert (body["difference"], body["followed"]) == (0, {})


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({}, "changes"),
        ([], "changes"),
        (None, "changes"),
        ({"nonsense": 6}, "changes.nonsense"),
        ({"appointments_count": -1}, "changes.appointments_count"),
        ({"appointments_count": "many"}, "changes.appointments_count"),
        ({"appointments_count": True}, "changes.appointments_count"),
        ({"appointments_count": {}}, "changes.appointments_count"),
        ({"appointments_count": 10**350}, "changes.appointments_count"),
        ({"lead_source_score": 101}, "changes.lead_source_score"),
        ({"has_property": 2}, "changes.has_property"),
    ],
)
def test_an_impossible_what_if_is_400_and_names_the_feature(crm: Caller, changes: Any, attr: str) -> None:
    response = crm.post(f"/api/ml/predict/{a_lead().number}/what-if", {"changes": changes})
    assert_error(response, 400, attr)


def test_what_the_rules_do_not_read_is_not_said_of_a_model_that_there_is_none_of(crm: Caller) -> None:
    (error,) = what_if(crm, a_lead(), created_hour=6).json()["errors"]
    assert error["detail"] == "is no feature of the model, or of the rules, by which this is scored."


def test_a_word_where_a_number_is_due_and_a_number_where_a_word_is_due_are_400(crm: Caller, model: Any) -> None:
    lead = a_lead()
    assert_error(what_if(crm, lead, source=5), 400, "changes.source")
    assert_error(what_if(crm, lead, created_hour="noon"), 400, "changes.created_hour")


@pytest.mark.parametrize("path", ["what-if", "change"])
def test_another_organisations_lead_is_404(crm: Caller, path: str) -> None:
    theirs = a_lead(org_id="other")
    address = f"/api/ml/predict/{theirs.number}/{path}"
    answer = crm.get(address) if path == "change" else crm.post(address, {"changes": {"appointments_count": 1}})
    assert_error(answer, 404)


def test_why_the_score_moved_adds_up_and_stores_nothing(crm: Caller, model: Any) -> None:
    now = timezone.now()
    lead = a_lead(now - 9 * DAY)
    before = a_prediction(lead, now - 6 * DAY)
    for hours in (5, 4, 3, 2):
        a_message(lead, now - hours * HOUR)
    body = crm.get(f"/api/ml/predict/{lead.number}/change").json()
    assert [part["part"] for part in body["parts"]] == [
        "passage_of_time",
        "lead_data",
        "model_version",
        "recalibration",
    ]
    total = sum(part["difference"] for part in body["parts"])
    assert total == pytest.approx(body["difference"], abs=1e-9)
    moved = body["to"]["conversion_probability"] - body["from"]["conversion_probability"]
    assert moved == pytest.approx(body["difference"], abs=1e-9)
    assert (body["from"]["id"], body["to"]["id"]) == (before.pk, None)
    assert "4 new messages from the lead" in body["parts"][1]["words"]
    assert Prediction.objects.count() == 1


def test_two_stored_predictions_can_be_named(crm: Caller) -> None:
    now = timezone.now()
    lead = a_lead(now - 9 * DAY)
    first, _, last = (a_prediction(lead, now - days * DAY) for days in (5, 4, 3))
    body = crm.get(f"/api/ml/predict/{lead.number}/change?from={first.pk}&to={last.pk}").json()
    assert (body["from"]["id"], body["to"]["id"]) == (first.pk, last.pk)


def test_a_pair_that_cannot_be_compared_is_400_and_names_the_parameter(crm: Caller) -> None:
    now = timezone.now()
    lead, other = a_lead(now - 9 * DAY), a_lead(now - 9 * DAY)
    first, last = (a_prediction(lead, now - days * DAY) for days in (5, 3))
    theirs = a_prediction(other, now - DAY)
    address = f"/api/ml/predict/{lead.number}/change"
    for query, attr in (
        (f"from={theirs.pk}", "from"),
        (f"from={first.pk}&to={theirs.pk}", "to"),
        (f"from={last.pk}&to={first.pk}", "from"),
        (f"to={first.pk}", "to"),
        ("from=x", "from"),
        ("from=0", "from"),
        (f"from={2**63}", "from"),
        ("since=1", "since"),
    ):
        assert_error(crm.get(f"{address}?{query}"), 400, attr)


def test_a_lead_never_scored_has_no_change(crm: Caller) -> None:
    assert_error(crm.get(f"/api/ml/predict/{a_lead().number}/change"), 404)


def test_reading_why_it_moved_takes_the_scope_to_read_predictions() -> None:
    lead = a_lead()
    assert_error(Caller(scopes=("models:read",)).get(f"/api/ml/predict/{lead.number}/change"), 403)
