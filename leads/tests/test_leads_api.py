"""Leads over HTTP: told with PUT, read back with GET, and what happens to them with POST."""

from __future__ import annotations

from typing import Any

import pytest

from leads.models import Event, LeadAttribute, LeadScore, Message
from leads.tests.cast import MONDAY
from leads.tests.told import the_lead
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db
LEAD = "/api/ml/leads/42"
EVENTS = f"{LEAD}/events"
BODY: dict[str, Any] = {
    "status": "NEW",
    "created_at": "2026-06-01T09:00:00Z",
    "source": "website",
    "source_score": None,
    "owner": "team-north",
    "region": "Lyon",
    "amount": None,
    "property": {"price": 250000, "has_photos": True, "city": "Lyon"},
    "attributes": {"budget": 300000, "first_time_buyer": True},
}
MESSAGE = {"kind": "message", "direction": "INBOUND", "occurred_at": "2026-06-01T09:12:00Z", "external_id": "mail-1"}


@pytest.fixture
def crm() -> Caller:
    return Caller()


def test_a_lead_is_created_then_replaced_and_read_back(crm: Caller) -> None:
    first, second = crm.put(LEAD, BODY), crm.put(LEAD, BODY)
    assert (first.status_code, second.status_code) == (201, 200)
    known = crm.get(LEAD).json()
    assert known == second.json()
    assert {name: known[name] for name in BODY} == BODY
    assert (known["dossier_id"], known["events"], known["outcome"], known["score"]) == (42, {}, None, None)


def test_the_shortest_lead_has_a_status_and_a_time(crm: Caller) -> None:
    answer = crm.put(LEAD, {"status": "NEW", "created_at": "2026-06-01T11:00:00+02:00"})
    assert answer.status_code == 201
    assert (answer.json()["created_at"], answer.json()["property"]) == ("2026-06-01T09:00:00Z", None)


def test_what_a_replacement_leaves_out_is_no_longer_so(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    known = crm.put(LEAD, {"status": "LOST", "created_at": BODY["created_at"]}).json()
    assert (known["source"], known["property"], known["attributes"]) == (None, None, {})
    assert known["outcome"]["converted"] is False
    assert LeadAttribute.objects.filter(name="budget").count() == 2


def test_the_largest_number_there_is_can_name_a_lead(crm: Caller) -> None:
    assert crm.put(f"/api/ml/leads/{2**63 - 1}", BODY).status_code == 201
    assert crm.get(f"/api/ml/leads/{2**63 - 1}").json()["dossier_id"] == 2**63 - 1


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), "9" * 40, "abc", "1.0", "1e3", "%00", "%F0%9F%99%82", "4 2"])
def test_what_is_no_number_of_a_lead_is_not_found(crm: Caller, number: str) -> None:
    assert_error(crm.get(f"/api/ml/leads/{number}"), 404)
    assert_error(crm.put(f"/api/ml/leads/{number}", BODY), 404)
    assert_error(crm.post(f"/api/ml/leads/{number}/events", MESSAGE), 404)


def test_an_unknown_lead_is_not_found(crm: Caller) -> None:
    assert_error(crm.get(LEAD), 404)
    assert_error(crm.post(EVENTS, MESSAGE), 404)


def test_another_organisations_lead_is_not_found_and_not_touched(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    other = Caller(org_id="other")
    assert_error(other.get(LEAD), 404)
    assert_error(other.post(EVENTS, MESSAGE), 404)
    assert other.put(LEAD, BODY | {"source": "theirs"}).status_code == 201
    assert crm.get(LEAD).json()["source"] == "website"


def test_a_body_may_name_its_own_organisation_and_no_other(crm: Caller) -> None:
    assert crm.put(LEAD, BODY | {"org_id": "default"}).status_code == 201
    assert_error(crm.put(LEAD, BODY | {"org_id": "other"}), 403)
    assert_error(crm.post(EVENTS, [MESSAGE | {"org_id": "other"}]), 403)
    assert not Message.objects.exists()


def test_writing_needs_its_scope_and_reading_either(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    reader, writer, stranger = Caller(scopes=("predictions:read",)), Caller(scopes=("leads:write",)), Caller(scopes=())
    assert_error(reader.put(LEAD, BODY), 403)
    assert_error(reader.post(EVENTS, MESSAGE), 403)
    assert (reader.get(LEAD).status_code, writer.get(LEAD).status_code) == (200, 200)
    assert_error(stranger.get(LEAD), 403)
    stranger.headers = {}
    assert_error(stranger.get(LEAD), 401)
    assert_error(stranger.put(LEAD, BODY), 401)


def test_events_are_counted_by_kind(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    answer = crm.post(
        EVENTS,
        [
            MESSAGE,
            {"kind": "appointment", "occurred_at": "2026-06-01T09:12:00Z", "scheduled_for": "2026-06-08T09:00:00Z"},
            {"kind": "brochure", "occurred_at": "2026-06-01T09:12:00Z", "properties": {"pages": [1, {"deep": None}]}},
        ],
    )
    assert (answer.status_code, answer.json()) == (201, {"dossier_id": 42, "added": 3, "known": 0})
    assert crm.get(LEAD).json()["events"] == {"message": 1, "appointment": 1, "brochure": 1}
    assert Event.objects.get().properties == {"pages": [1, {"deep": None}]}


def test_one_event_sent_twice_counts_once(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    assert crm.post(EVENTS, MESSAGE).status_code == 201
    again = crm.post(EVENTS, MESSAGE)
    assert (again.status_code, again.json()) == (200, {"dossier_id": 42, "added": 0, "known": 1})


def test_an_idempotency_key_does_a_post_once(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    event = {"kind": "call", "occurred_at": "2026-06-01T10:00:00Z"}
    first = crm.post(EVENTS, event, **{"Idempotency-Key": "k1"})
    second = crm.post(EVENTS, event, **{"Idempotency-Key": "k1"})
    assert (first.json(), Event.objects.count()) == (second.json(), 1)
    assert_error(crm.post(EVENTS, event | {"kind": "visit"}, **{"Idempotency-Key": "k1"}), 409)


def test_ten_thousand_events_may_be_sent_at_once_and_no_more(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    event = {"kind": "call", "occurred_at": "2026-06-01T10:00:00Z"}
    assert crm.post(EVENTS, [event] * 10_000).json()["added"] == 10_000
    assert_error(crm.post(EVENTS, [event] * 10_001), 413)


def test_the_current_score_is_shown(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    LeadScore.objects.create(
        dossier=the_lead(),
        probability=0.4,
        confidence=0.9,
        action="NURTURE",
        method="ML",
        prediction_id=7,
        model_version="20260601090000",
        scored_at=MONDAY,
    )
    assert crm.get(LEAD).json()["score"] == {
        "conversion_probability": 0.4,
        "confidence": 0.9,
        "expected_value": None,
        "recommended_action": "NURTURE",
        "method": "ML",
        "model_version": "20260601090000",
        "prediction_id": 7,
        "predicted_at": "2026-06-01T09:00:00Z",
    }
