"""The OpenAPI schema: valid, complete, and each operation with its scope."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

# The whole answer would fill pages: the example holds the contract's four fields, and what they mean.
EXCERPTS = ("/api/ml/ab-test/{number}/metrics",)
EVENT = {"kind": "message", "occurred_at": "2026-10-01T09:12:00Z"}
DUE = """
put /api/ml/leads/{} | get /api/ml/leads/{} | post /api/ml/leads/{}/events | post /api/ml/leads/import
post /api/ml/predict/{} | get /api/ml/predict/{}/latest | post /api/ml/predict/{}/what-if
get /api/ml/predict/{}/change | get /api/ml/predict/{}/history | post /api/ml/predict/{}/outcome
post /api/ml/score-jobs | get /api/ml/score-jobs/{} | get /api/ml/leads/ranked
post /api/v1/predict | post /api/v1/predict/batch | post /api/v1/model/train | get /api/v1/model/info
get /api/v1/model/versions | post /api/v1/model/rollback | get /api/v1/model/feature-importance
get /api/ml/model/info | get /api/ml/model/feature-importance | post /api/ml/model/train | get /api/ml/model/train/{}
post /api/ml/ab-test | get /api/ml/ab-test | get /api/ml/ab-test/{} | get /api/ml/ab-test/{}/metrics
post /api/ml/ab-test/{}/stop | post /api/ml/ab-test/plan | get /api/ml/ab-test/differences
get /api/ml/model/quality | get /api/ml/model/drift
get /api/ml/model/versions | post /api/ml/model/rollback/{} | post /api/auth/token | post /api/auth/token/refresh
"""


@pytest.fixture(scope="module")
def schema() -> Any:
    return Client().get("/api/schema/?format=json").json()


def test_it_is_valid_openapi(schema: Any) -> None:
    assert schema["openapi"].startswith("3.1")
    validate(schema)


def test_it_lists_every_operation_that_is_due(schema: Any) -> None:
    listed = {
        (method, "/".join("{}" if part.startswith("{") else part for part in path.rstrip("/").split("/")))
        for path, methods in schema["paths"].items()
        for method in methods
    }
    due = {tuple(operation.split()) for line in DUE.strip().splitlines() for operation in line.split(" | ")}
    assert due - listed == set()


def test_each_operation_has_words_and_a_scope(schema: Any) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            assert "x-scope" in operation or path.startswith(("/api/auth/", "/api/schema/")), (method, path)


def examples_of(operation: Any) -> Iterator[tuple[Any, Any]]:
    """Every example, with the schema of what it is an example of."""
    for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
        for content in holder.get("content", {}).values():
            yield from ((content["schema"], example["value"]) for example in content.get("examples", {}).values())


def test_each_operation_has_examples_that_its_own_schema_takes(schema: Any) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            examples = list(examples_of(operation))
            assert examples or path.startswith("/api/schema/"), (method, path)
            for shape, value in examples:
                check = Draft202012Validator({**shape, "components": schema["components"]})
                errors = [error for error in check.iter_errors(value) if path not in EXCERPTS or not is_lacking(error)]
                assert not [error.message for error in errors], (method, path)


def is_lacking(error: Any) -> bool:
    return bool(error.validator == "required")


def test_one_event_may_be_sent_alone_or_several_in_an_array(schema: Any) -> None:
    body = schema["paths"]["/api/ml/leads/{dossier_id}/events"]["post"]["requestBody"]
    shape = {**body["content"]["application/json"]["schema"], "components": schema["components"]}
    for told in (EVENT, EVENT | {"direction": "OUTBOUND"}, EVENT | {"direction": None}, [EVENT, EVENT]):
        Draft202012Validator(shape).validate(told)


def test_a_leads_number_is_a_number_wherever_it_stands_in_an_address(schema: Any) -> None:
    numbers = [
        parameter["schema"]
        for methods in schema["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "dossier_id"
    ]
    assert len(numbers) > 5
    assert all((each["type"], each["minimum"], each["maximum"]) == ("integer", 1, 2**63 - 1) for each in numbers)


def test_acts_say_that_they_take_an_idempotency_key(schema: Any) -> None:
    taking = {
        path
        for path, methods in schema["paths"].items()
        for operation in methods.values()
        if "Idempotency-Key" in [each["name"] for each in operation.get("parameters", ())]
    }
    posts = {path for path, methods in schema["paths"].items() if "post" in methods}
    store_nothing = {"/api/ml/predict/{dossier_id}/what-if", "/api/ml/ab-test/plan"}
    assert taking == posts - store_nothing - {"/api/auth/token/", "/api/auth/token/refresh/"}
    assert all(word in schema["info"]["description"] for word in ("Idempotency-Key", "RateLimit", "Retry-After"))


def test_errors_have_the_contracts_shape(schema: Any) -> None:
    answers = schema["paths"]["/api/ml/model/train"]["post"]["responses"]
    assert {"202", "400", "401", "403"} <= set(answers)
