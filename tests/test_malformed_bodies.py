"""Whatever is sent instead of a body, the answer is 4xx, in the contract's shape: never 500, and never taken."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from leads.models import Dossier
from predictions.models import Prediction
from predictions.tests.scored import a_scored_lead
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db
NUMBER = 42
LEAD = {
    "status": "NEW",
    "created_at": "2026-06-01T09:00:00Z",
    "property": {"price": 250000},
    "attributes": {"budget": 300000},
}
BODIES: dict[str, dict[str, Any]] = {
    f"put /api/ml/leads/{NUMBER}": LEAD,
    f"post /api/ml/leads/{NUMBER}/events": {"kind": "message", "occurred_at": "2026-06-01T09:12:00Z"},
    f"post /api/ml/predict/{NUMBER}/outcome": {"converted": True, "occurred_at": "2026-06-09T09:00:00Z"},
    f"post /api/ml/predict/{NUMBER}/what-if": {"changes": {"appointments_count": 4}},
    "post /api/ml/score-jobs": {"filter": {"status": "NEW"}},
    "post /api/v1/predict": {"org_id": "default", "features": {"appointments_count": 4}},
    "post /api/v1/predict/batch": {"org_id": "default", "batch": [{"features": {}}]},
    "post /api/ml/model/train": {"algorithm": "auto", "notes": "a note"},
    "post /api/v1/model/rollback": {"version": "20260101000000"},
    "patch /api/ml/model/versions/20260101000000": {"notes": "a note"},
    "post /api/auth/token/": {"username": "anna", "password": "secret"},
    "post /api/auth/token/refresh/": {"refresh": "token"},
}
Fault = Callable[[Random, dict[str, Any]], bytes]


def as_bytes(body: Any) -> bytes:
    return json.dumps(body).encode()


def cut_off(chance: Random, body: dict[str, Any]) -> bytes:
    whole = as_bytes(body)
    return whole[: chance.randrange(1, len(whole))]


def no_text(chance: Random, body: dict[str, Any]) -> bytes:
    whole = as_bytes(body)
    at = chance.randrange(len(whole))
    return whole[:at] + bytes([chance.randrange(0xF8, 0x100)]) + whole[at:]


def no_object(chance: Random, body: dict[str, Any]) -> bytes:
    return as_bytes(chance.choice([chance.random(), chance.randrange(-(10**30), 10**30), "text" * 9, True, False]))


def a_field_too_many(chance: Random, body: dict[str, Any]) -> bytes:
    name = "".join(chance.choices("abcdefghij_%'\"<>;$\u00e9\u2028", k=12))
    return as_bytes(body | {name: chance.choice([None, 1, "x", [], {}])})


def no_number(chance: Random, body: dict[str, Any]) -> bytes:
    return (
        as_bytes(body)[:-1]
        + f', "more": {chance.choice(["NaN", "Infinity", "-Infinity", "01", "1e", "+1"])}}}'.encode()
    )


def too_deep(chance: Random, body: dict[str, Any]) -> bytes:
    depth, name = chance.choice([40, 2_000, 200_000]), chance.choice(list(body))
    return f'{{"{name}": {"[" * depth}{"]" * depth}}}'.encode()


def another_kind(chance: Random, body: dict[str, Any]) -> bytes:
    name = chance.choice([name for name in body if name != "batch"] or ["more"])
    return as_bytes(body | {name: chance.choice([[[{}]], {"x": [{}]}, [None, {"y": 1}]])})


def what_no_text_holds(chance: Random, body: dict[str, Any]) -> bytes:
    text = chance.choice([r"\u0000", r"a\ud800", r"\udfff"])
    return as_bytes(body)[:-1] + f', "{text}": 1}}'.encode()


FAULTS: tuple[Fault, ...] = (
    cut_off,
    no_text,
    no_object,
    a_field_too_many,
    no_number,
    too_deep,
    another_kind,
    what_no_text_holds,
)


def malformed(count: int, seed: int) -> Iterator[tuple[str, str, bytes]]:
    """Method, path and body, of every operation and every fault in turn."""
    chance, operations = Random(seed), list(BODIES.items())
    for number in range(count):
        operation, body = operations[number % len(operations)]
        method, _, path = operation.partition(" ")
        yield method, path, FAULTS[(number // len(operations)) % len(FAULTS)](chance, body)


def all_are_refused(count: int, seed: int) -> None:
    a_scored_lead(number=NUMBER)
    crm = Caller()
    for method, path, body in malformed(count, seed):
        answer = getattr(crm.client, method)(path, body, "application/json", headers=crm.headers)
        assert 400 <= answer.status_code < 500, (method, path, body[:300], answer.status_code)
        assert_error(answer, answer.status_code)
    assert Dossier.objects.count() == 1
    assert Prediction.objects.count() == 1


def test_hundreds_of_malformed_bodies_are_refused() -> None:
    all_are_refused(len(BODIES) * len(FAULTS) * 2, seed=1)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
@pytest.mark.parametrize("operation", [each for each in BODIES if each.split("/")[-1] not in ("train", "score-jobs")])
def test_an_empty_form_says_nothing(operation: str, kind: str) -> None:
    a_scored_lead(number=NUMBER)
    crm, (method, path) = Caller(), operation.split()
    assert_error(getattr(crm.client, method)(path, b"", kind, headers=crm.headers), 400)


@pytest.mark.slow
def test_ten_thousand_malformed_bodies_are_refused() -> None:
    all_are_refused(10_000, seed=2)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1001",
        "limit=9" + "9" * 400,
        "cursor=x",
        "cursor=%00",
        "cursor=%ff",
        "x=1",
    ],
)
def test_queries_are_bounded_too(query: str) -> None:
    a_scored_lead(number=NUMBER)
    crm = Caller()
    for path in (f"/api/ml/predict/{NUMBER}/history", "/api/ml/leads/ranked", "/api/ml/model/ledger"):
        assert crm.client.get(f"{path}?{query}", headers=crm.headers).status_code in (200, 400)


@pytest.mark.parametrize("limit", ["0000000001000000", "00000000000000000001", "1001", "\u0661"])
def test_a_page_is_never_longer_than_a_thousand_rows(limit: str) -> None:
    a_scored_lead(number=NUMBER)
    crm = Caller()
    for path in (f"/api/ml/predict/{NUMBER}/history", "/api/ml/leads/ranked", "/api/ml/model/ledger"):
        assert_error(crm.get(f"{path}?limit={limit}"), 400, "limit")


FORGED = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", 1e999, -(10**400), True, {}, "\x00")


@pytest.mark.parametrize("value", FORGED)
def test_a_forged_cursor_is_refused(value: Any) -> None:
    a_scored_lead(number=NUMBER)
    crm = Caller()
    lists = {f"/api/ml/predict/{NUMBER}/history": "predicted_at", "/api/ml/leads/ranked": "probability"}
    for path, field in (lists | {"/api/ml/model/ledger": "number"}).items():
        key = json.dumps(["after", field, value, 1])
        cursor = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
        assert crm.get(f"{path}?cursor={cursor}").status_code in (200, 400)


@pytest.mark.parametrize("operation", ["post /api/v1/predict", f"put /api/ml/leads/{NUMBER}", "post /api/auth/token/"])
def test_a_packed_body_is_415_and_a_plain_one_is_not(operation: str) -> None:
    crm, (method, address) = Caller(), operation.split()
    for encoding, packed in (("gzip", gzip.compress), ("identity", bytes)):
        body = packed(as_bytes(BODIES[operation]))
        headers = crm.headers | {"Content-Encoding": encoding}
        answer = crm.client.generic(method.upper(), address, body, "application/json", headers=headers)
        if encoding == "gzip":
            assert_error(answer, 415)
        assert (answer.status_code == 415) == (encoding == "gzip")


def test_no_version_has_a_nul_in_its_name() -> None:
    crm = Caller()
    assert_error(crm.get("/api/ml/model/versions/%00/card"), 404)
    assert_error(crm.patch("/api/ml/model/versions/%00", {"notes": ""}), 404)
    assert_error(crm.post("/api/ml/model/rollback/2026%00"), 404)


def test_what_a_caller_says_reaches_a_log_as_data_and_never_as_a_line(capfd: Any) -> None:
    crm = Caller()
    forged = 'x\n{"event": "forged", "level": "info"}'
    crm.client.get("/api/ml/model/info", headers=crm.headers | {"User-Agent": forged, "X-Request-ID": forged})
    crm.client.get(f"/nowhere/{forged}")
    assert '\n{"event": "forged"' not in capfd.readouterr().err
