"""No body, however broken, is taken or ends in a 500: what is wrong is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leads.models import Dossier
from leads.tests.test_leads_api import BODY, EVENTS, LEAD, MESSAGE
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db
HUGE = 10**399
TOO_LONG = "x" * 201

BROKEN_LEADS: list[tuple[dict[str, Any], str]] = [
    ({"status": None}, "status"),
    ({"status": ""}, "status"),
    ({"status": " "}, "status"),
    ({"status": 1}, "status"),
    ({"status": TOO_LONG}, "status"),
    ({"status": ["NEW"]}, "status"),
    ({"status": {}}, "status"),
    ({"created_at": None}, "created_at"),
    ({"created_at": "soon"}, "created_at"),
    ({"created_at": 5}, "created_at"),
    ({"created_at": "1899-12-31T00:00:00Z"}, "created_at"),
    ({"created_at": "2201-01-01T00:00:00Z"}, "created_at"),
    ({"created_at": "0001-01-01T00:00:00+23:59"}, "created_at"),
    ({"created_at": "2026-02-30T00:00:00Z"}, "created_at"),
    ({"created_at": {"year": 2026}}, "created_at"),
    ({"created_at": True}, "created_at"),
    ({"source": 1}, "source"),
    ({"source": TOO_LONG}, "source"),
    ({"owner": []}, "owner"),
    ({"region": False}, "region"),
    ({"source_score": "50"}, "source_score"),
    ({"source_score": 101}, "source_score"),
    ({"source_score": -1}, "source_score"),
    ({"amount": -1}, "amount"),
    ({"amount": "12"}, "amount"),
    ({"amount": True}, "amount"),
    ({"amount": HUGE}, "amount"),
    ({"amount": 1e16}, "amount"),
    ({"amount": [1]}, "amount"),
    ({"property": []}, "property.non_field_errors"),
    ({"property": "house"}, "property.non_field_errors"),
    ({"property": {"price": -5}}, "property.price"),
    ({"property": {"price": "5"}}, "property.price"),
    ({"property": {"has_photos": 1}}, "property.has_photos"),
    ({"property": {"has_photos": "yes"}}, "property.has_photos"),
    ({"property": {"city": 5}}, "property.city"),
    ({"property": {"rooms": 5}}, "property.rooms"),
    ({"attributes": []}, "attributes"),
    ({"attributes": None}, "attributes"),
    ({"attributes": "x"}, "attributes"),
    ({"attributes": {"a": [1]}}, "attributes.a"),
    ({"attributes": {"a": {"b": 1}}}, "attributes.a"),
    ({"attributes": {"a": HUGE}}, "attributes.a"),
    ({"attributes": {"a": "x" * 1001}}, "attributes.a"),
    ({"attributes": {"": 1}}, "attributes.(empty)"),
    ({"attributes": {"@row": 1}}, "attributes.@row"),
    ({"attributes": {TOO_LONG: 1}}, f"attributes.{TOO_LONG}"),
    ({"attributes": {str(number): 1 for number in range(501)}}, "attributes"),
    ({"surprise": 1}, "surprise"),
    ({"dossier_id": 42}, "dossier_id"),
    ({"org_id": 7}, "org_id"),
]
BROKEN_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"kind": ""}, "kind"),
    ({"kind": None}, "kind"),
    ({"kind": TOO_LONG}, "kind"),
    ({"kind": 5}, "kind"),
    ({"direction": "SIDEWAYS"}, "direction"),
    ({"direction": 1}, "direction"),
    ({"direction": []}, "direction"),
    ({"direction": {}}, "direction"),
    ({"occurred_at": None}, "occurred_at"),
    ({"occurred_at": "x"}, "occurred_at"),
    ({"occurred_at": "2300-01-01T00:00:00Z"}, "occurred_at"),
    ({"recorded_at": 1}, "recorded_at"),
    ({"external_id": 5}, "external_id"),
    ({"external_id": ""}, "external_id"),
    ({"external_id": TOO_LONG}, "external_id"),
    ({"scheduled_for": "2026-06-08T09:00:00Z"}, "scheduled_for"),
    ({"properties": []}, "properties"),
    ({"properties": "x"}, "properties"),
    ({"properties": {"deep": [{"n": HUGE}]}}, "properties"),
    ({"extra": 1}, "extra"),
]
RAW = [
    "",
    "{",
    "null",
    "[]",
    "5",
    '"text"',
    "[{}]",
    '{"status": NaN}',
    '{"status": "NEW", "created_at": Infinity}',
    '{"status": "a\\u0000b", "created_at": "2026-06-01T09:00:00Z"}',
    '{"status": "\\ud800", "created_at": "2026-06-01T09:00:00Z"}',
    '{"status": "NEW", "created_at": "2026-06-01T09:00:00Z", "amount": 1e999}',
    '{"status": "NEW", "created_at": "2026-06-01T09:00:00Z", "amount": ' + "9" * 5_000 + "}",
    '{"status": "NEW", "created_at": "2026-06-01T09:00:00Z", "attributes": {"a": 1e999}}',
    '{"status": "NEW", "created_at": "2026-06-01T09:00:00Z", "attributes": {"a": ' + "[" * 5_000 + "]" * 5_000 + "}}",
    "{" * 100_000,
    "\ufeff{}",
]


@pytest.fixture
def crm() -> Caller:
    return Caller()


@pytest.mark.parametrize(("fault", "attr"), BROKEN_LEADS, ids=lambda part: str(part)[:40])
def test_a_lead_with_a_fault_is_refused_by_its_name(crm: Caller, fault: dict[str, Any], attr: str) -> None:
    assert_error(crm.put(LEAD, BODY | fault), 400, attr)
    assert not Dossier.objects.exists()


@pytest.mark.parametrize("name", ["status", "created_at"])
def test_what_is_required_is_named(crm: Caller, name: str) -> None:
    assert_error(crm.put(LEAD, {key: value for key, value in BODY.items() if key != name}), 400, name)


@pytest.mark.parametrize(("fault", "attr"), BROKEN_EVENTS, ids=lambda part: str(part)[:40])
def test_an_event_with_a_fault_is_refused_by_its_name(crm: Caller, fault: dict[str, Any], attr: str) -> None:
    crm.put(LEAD, BODY)
    assert_error(crm.post(EVENTS, MESSAGE | fault), 400, attr)
    assert_error(crm.post(EVENTS, [MESSAGE, MESSAGE | fault]), 400)
    assert crm.get(LEAD).json()["events"] == {}


def test_of_several_events_each_with_a_fault_is_named_by_its_place(crm: Caller) -> None:
    crm.put(LEAD, BODY)
    refused = crm.post(EVENTS, [MESSAGE | {"kind": ""}, MESSAGE, 7, MESSAGE | {"occurred_at": "soon"}])
    assert [error["attr"] for error in refused.json()["errors"]] == ["0.kind", "2.non_field_errors", "3.occurred_at"]


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_what_is_not_json_or_not_a_lead_is_refused(crm: Caller, raw: str) -> None:
    for send, path in ((crm.client.put, LEAD), (crm.client.post, EVENTS)):
        if path == EVENTS:
            crm.put(LEAD, BODY)
        assert_error(send(path, raw.encode("utf-8", "surrogatepass"), "application/json", headers=crm.headers), 400)


def test_bytes_that_are_no_text_are_refused(crm: Caller) -> None:
    assert_error(crm.client.put(LEAD, b"\xff\xfe{}", "application/json", headers=crm.headers), 400)


def test_other_media_types_are_refused(crm: Caller) -> None:
    refused = crm.client.put(LEAD, json.dumps(BODY), "text/plain", headers=crm.headers)
    assert_error(refused, 415)
    assert refused.json()["errors"][0]["detail"] == (
        'The Content-Type says "text/plain"; this address takes application/json: send the body so, and say so.'
    )
    crm.put(LEAD, BODY)
    assert_error(crm.client.post(EVENTS, {"kind": "call"}, headers=crm.headers), 415)


def test_other_methods_are_refused(crm: Caller) -> None:
    assert_error(crm.client.delete(LEAD, headers=crm.headers), 405)
    assert_error(crm.client.post(LEAD, BODY, "application/json", headers=crm.headers), 405)


def test_a_body_that_is_too_large_is_refused(crm: Caller, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert_error(crm.put(LEAD, BODY | {"attributes": {"a": "x" * 900, "b": "x" * 900}}), 413)
