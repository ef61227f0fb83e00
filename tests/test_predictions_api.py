"""Predictions over HTTP, as the contract has them."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.models import Outcome
from leads.tests.cast import DAY, MONDAY, a_lead, a_message, a_past, a_property
from models_registry.tests.cast import a_version
from predictions.api import examples
from predictions.models import Prediction
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db
FIELDS = {
    "id",
    "dossier_id",
    "org_id",
    "prediction",
    "conversion_probability",
    "probability_interval",
    "confidence",
    "model_version",
    "method",
    "recommended_action",
    "base_probability",
    "feature_contributions",
    "experiment",
    "predicted_at",
    "outcome",
}
ELEVEN = {
    "lead_source_score": 40,
    "response_time_minutes": 12,
    "inbound_messages_count": 3,
    "outbound_messages_count": 2,
    "appointments_count": 1,
    "has_property": 1,
    "property_price": 250000,
    "property_has_photos": 1,
    "engagement_rate": 1.5,
    "days_since_creation": 9,
    "market_activity_score": 50,
}


@pytest.fixture
def crm() -> Caller:
    return Caller()


@pytest.fixture
def model() -> Any:
    a_past()
    return a_version()


def test_a_prediction_has_the_contracts_fields_by_rules(crm: Caller) -> None:
    body = crm.post(f"/api/ml/predict/{a_lead(number=42).number}").json()
    assert set(body) == FIELDS
    assert (body["dossier_id"], body["org_id"], body["method"], body["model_version"]) == (
        42,
        "default",
        "RULE_BASED",
        None,
    )


def test_a_prediction_has_the_contracts_fields_by_a_model(crm: Caller, model: Any) -> None:
    body = crm.post(f"/api/ml/predict/{a_lead(number=42).number}").json()
    assert set(body) == FIELDS
    assert (body["method"], body["model_version"]) == ("ML", model.version)
    total = body["base_probability"] + sum(part["contribution"] for part in body["feature_contributions"])
    assert total == pytest.approx(body["conversion_probability"], abs=1e-6)
    assert body["predicted_at"].endswith("Z")


def test_the_latest_is_the_one_just_made(crm: Caller) -> None:
    lead = a_lead()
    made = crm.post(f"/api/ml/predict/{lead.number}").json()
    assert crm.get(f"/api/ml/predict/{lead.number}/latest").json() == made


def test_the_parts_that_matter_have_reasons_in_words_strongest_first_each_way(crm: Caller) -> None:
    lead = a_lead(source_score=80)
    a_property(lead)
    a_message(lead, MONDAY + DAY)
    a_message(lead, MONDAY + 9 * DAY, "OUTBOUND")
    parts = crm.post(f"/api/ml/predict/{lead.number}").json()["feature_contributions"]
    told = {part["feature"]: part["reason"] for part in parts if part["reason"] is not None}
    assert told == {
        "lead_source_score": "A source score of 80 of 100; the rules give points for it",
        "inbound_messages_count": "1 message from the lead; the rules give points for it",
        "has_property": "Having a property; the rules give points for it",
        "response_time_minutes": "An answer after 8 days; the rules take points for it",
    }
    assert all(set(part) == {"feature", "value", "contribution", "reason"} for part in parts)


def test_a_models_reasons_are_of_known_values_and_say_what_leads_like_this_do(crm: Caller, model: Any) -> None:
    lead = a_lead(timezone.now() - 5 * DAY)
    for days in (4, 3, 2, 1):
        a_message(lead, timezone.now() - days * DAY)
        a_message(lead, timezone.now() - days * DAY, "OUTBOUND")
    parts = crm.post(f"/api/ml/predict/{lead.number}").json()["feature_contributions"]
    told = [part for part in parts if part["reason"] is not None]
    assert told
    assert all(part["value"] is not None and abs(part["contribution"]) >= 0.005 for part in told)
    for part in told:
        way = "more" if part["contribution"] > 0 else "less"
        assert part["reason"].endswith(f"; leads like this convert {way} often")


def test_a_caller_with_features_of_its_own_gets_reasons_and_a_batch_does_not(crm: Caller) -> None:
    one = crm.post("/api/v1/predict", {"features": ELEVEN}).json()
    reasons = {part["feature"]: part["reason"] for part in one["feature_contributions"]}
    assert reasons["appointments_count"] == "1 appointment; the rules give points for it"
    batch = crm.post("/api/v1/predict/batch", {"batch": [{"features": ELEVEN}]}).json()
    assert set(batch["results"][0]["feature_contributions"][0]) == {"feature", "value", "contribution"}


def test_a_lead_never_scored_has_no_latest(crm: Caller) -> None:
    assert_error(crm.get(f"/api/ml/predict/{a_lead().number}/latest"), 404)


def test_history_is_paged_newest_first_both_ways(crm: Caller) -> None:
    lead = a_lead()
    made = [crm.post(f"/api/ml/predict/{lead.number}").json()["id"] for _ in range(5)][::-1]
    first = crm.get(f"/api/ml/predict/{lead.number}/history?limit=2").json()
    second = crm.get(first["next"]).json()
    third = crm.get(second["next"]).json()
    assert [row["id"] for page in (first, second, third) for row in page["results"]] == made
    assert (first["previous"], third["next"]) == (None, None)
    assert crm.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "cursor=nonsense", "cursor=W10"])
def test_a_broken_page_is_400(crm: Caller, query: str) -> None:
    assert_error(crm.get(f"/api/ml/predict/{a_lead().number}/history?{query}"), 400)


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "99999999999999999999", "x", "1.5"])
def test_what_is_no_dossier_number_is_404(crm: Caller, number: str) -> None:
    assert_error(crm.post(f"/api/ml/predict/{number}"), 404)


def test_an_outcome_stands_beside_the_prediction_and_its_correction_is_kept(crm: Caller) -> None:
    lead = a_lead()
    crm.post(f"/api/ml/predict/{lead.number}")
    for revenue in (1000.5, 1234.5):
        body = {"converted": True, "occurred_at": "2026-06-20T16:00:00Z", "revenue": revenue}
        assert crm.post(f"/api/ml/predict/{lead.number}/outcome", body).json() == body
    assert crm.get(f"/api/ml/predict/{lead.number}/latest").json()["outcome"]["revenue"] == 1234.5
    assert Outcome.objects.filter(dossier=lead).count() == 2


def test_an_outcome_told_again_without_its_time_stays_when_it_was(crm: Caller) -> None:
    lead = a_lead()
    address = f"/api/ml/predict/{lead.number}/outcome"
    first = crm.post(address, {"converted": True}).json()
    assert crm.post(address, {"converted": True}).json() == first
    assert Outcome.objects.filter(dossier=lead).count() == 1
    assert crm.post(address, {"converted": True, "revenue": 5}).json() == first | {"revenue": 5}
    lost = crm.post(address, {"converted": False}).json()
    assert lost["occurred_at"] > first["occurred_at"]


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "converted"),
        ({"converted": "perhaps"}, "converted"),
        ({"converted": 1}, "converted"),
        ({"converted": True, "revenue": -1}, "revenue"),
        ({"converted": True, "revenue": "5"}, "revenue"),
        ({"converted": True, "occurred_at": "soon"}, "occurred_at"),
        ({"converted": True, "occurred_at": "2199-01-01T00:00:00Z"}, "occurred_at"),
        ({"converted": True, "more": 1}, "more"),
    ],
)
def test_a_broken_outcome_is_400_and_names_the_field(crm: Caller, body: Any, attr: str) -> None:
    assert_error(crm.post(f"/api/ml/predict/{a_lead().number}/outcome", body), 400, attr)


def test_features_in_the_body_are_scored_and_the_missing_ones_named(crm: Caller, model: Any) -> None:
    part = {name: value for name, value in ELEVEN.items() if name != "property_price"}
    body = crm.post("/api/v1/predict", {"org_id": "default", "features": part}).json()
    assert set(body) == FIELDS - {"dossier_id", "experiment", "outcome"} | {"imputed_features"}
    assert "property_price" in body["imputed_features"]
    assert "lead_source_score" not in body["imputed_features"]
    assert Prediction.objects.get(pk=body["id"]).dossier is None


@pytest.mark.parametrize(
    "change",
    [
        {"shoe_size": 44},
        {"property_price": "much"},
        {"inbound_messages_count": -1},
        {"property_price": {}},
        {"property_price": True},
        {"lead_source_score": 101},
        {"has_property": 2},
        {"property_price": 10**350},
    ],
)
@pytest.mark.parametrize("with_model", [False, True])
def test_a_broken_feature_is_400_and_named(crm: Caller, request: Any, change: Any, with_model: bool) -> None:
    if with_model:
        request.getfixturevalue("model")
    response = crm.post("/api/v1/predict", {"features": ELEVEN | change})
    assert_error(response, 400, f"features.{next(iter(change))}")


def test_a_blank_text_is_as_missing_as_where_leads_are_told(crm: Caller, model: Any) -> None:
    blank, without = ({"features": ELEVEN | more} for more in ({"source": " ", "city": ""}, {}))
    told, expected = (crm.post("/api/v1/predict", body).json() for body in (blank, without))
    assert told["imputed_features"] == expected["imputed_features"]
    assert told["feature_contributions"] == expected["feature_contributions"]
    (bulk,) = crm.post("/api/v1/predict/batch?contributions=false", {"batch": [blank]}).json()["results"]
    assert bulk["imputed_features"] == expected["imputed_features"]


def test_a_number_too_large_for_whole_digits_is_scored_and_kept_as_it_is_known(crm: Caller, model: Any) -> None:
    features = ELEVEN | {"property_price": 1e25, "engagement_rate": 2.0**60}
    body = crm.post("/api/v1/predict", {"features": features}).json()
    values = {part["feature"]: part["value"] for part in body["feature_contributions"]}
    assert (values["property_price"], values["engagement_rate"]) == (1e25, 2.0**60)
    kept = Prediction.objects.get(pk=body["id"]).inputs
    assert (kept["property_price"], kept["engagement_rate"]) == (1e25, 2.0**60)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_in_json_is_400(crm: Caller, word: str) -> None:
    raw = '{"features": {"property_price": WORD}}'.replace("WORD", word)
    assert_error(crm.client.post("/api/v1/predict", raw, "application/json", headers=crm.headers), 400)


def test_a_bad_item_leaves_the_others_of_a_batch_scored(crm: Caller) -> None:
    items: list[Any] = [{"features": ELEVEN} for _ in range(5)]
    items[1], items[3] = {"features": ELEVEN | {"property_price": "much"}}, "nonsense"
    body = crm.post("/api/v1/predict/batch", {"batch": items}).json()
    assert (body["scored"], body["failed"]) == (3, 2)
    assert [row["index"] for row in body["results"]] == list(range(5))
    assert body["results"][1]["errors"][0]["attr"] == "features.property_price"
    assert all("conversion_probability" in body["results"][at] for at in (0, 2, 4))


def test_the_example_of_a_batch_holds_what_a_batch_answers(crm: Caller) -> None:
    items = [{"features": ELEVEN}, {"features": {"appointments_count": "many"}}]
    answered = crm.post("/api/v1/predict/batch", {"batch": items}).json()["results"]
    assert [set(row) for row in answered] == [set(row) for row in examples.BATCH["results"]]
    shown = examples.BATCH["results"][0]["feature_contributions"]
    assert {frozenset(part) for part in answered[0]["feature_contributions"]} == {frozenset(part) for part in shown}


def test_a_batch_may_leave_the_contributions_out(crm: Caller) -> None:
    body = crm.post("/api/v1/predict/batch?contributions=false", {"batch": [{"features": ELEVEN}]}).json()
    assert "feature_contributions" not in body["results"][0]


def test_too_large_a_batch_is_413(crm: Caller, settings: Any) -> None:
    settings.BATCH_MAX_ITEMS = 3
    assert_error(crm.post("/api/v1/predict/batch", {"batch": [{"features": {}}] * 4}), 413)


def test_the_ranked_list_is_best_first_and_leaves_decided_leads_out(crm: Caller) -> None:
    quiet, lively, won = a_lead(), a_lead(source_score=90), a_lead(source_score=95)
    a_property(lively)
    a_message(lively, MONDAY + DAY)
    for lead in (quiet, lively, won):
        crm.post(f"/api/ml/predict/{lead.number}")
    crm.post(f"/api/ml/predict/{won.number}/outcome", {"converted": True})
    rows = crm.get("/api/ml/leads/ranked").json()["results"]
    assert [row["dossier_id"] for row in rows] == [lively.number, quiet.number]
    everything = crm.get("/api/ml/leads/ranked?include_decided=true&limit=1").json()
    assert everything["next"]
    elsewhere = everything["next"].replace("/ranked?", "/ranked?order=expected_value&")
    assert_error(crm.get(elsewhere), 400, "cursor")
    assert rows[0]["reasons"] == [
        "A source score of 90 of 100; the rules give points for it",
        "1 message from the lead; the rules give points for it",
    ]
    by_value = crm.get("/api/ml/leads/ranked?order=expected_value").json()["results"]
    assert [row["dossier_id"] for row in by_value] == [lively.number]


def test_the_ranked_list_takes_as_many_statements_for_many_leads_as_for_one(crm: Caller) -> None:
    counts = []
    crm.get("/api/ml/leads/ranked")  # a connection plans its statements once
    for _ in range(2):
        for _ in range(5):
            crm.post(f"/api/ml/predict/{a_lead(source_score=80).number}")
        with CaptureQueriesContext(connection) as queries:
            crm.get("/api/ml/leads/ranked")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("query", ["order=luck", "action=CALL", "min_probability=2", "nonsense=1"])
def test_a_broken_filter_is_400(crm: Caller, query: str) -> None:
    assert_error(crm.get(f"/api/ml/leads/ranked?{query}"), 400)


def test_a_lead_of_the_future_is_scored_as_it_will_begin(crm: Caller) -> None:
    lead = a_lead(timezone.now() + DAY)
    body = crm.post(f"/api/ml/predict/{lead.number}").json()
    values = {part["feature"]: part["value"] for part in body["feature_contributions"]}
    assert values["days_since_creation"] == 0
