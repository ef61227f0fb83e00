"""Holds every answer that a test gets against the OpenAPI schema."""

from __future__ import annotations

import functools
import re
from typing import Any

from django.test import Client
from jsonschema import Draft202012Validator

NOT_JSON_SCHEMA = ("/metrics", "/health")


@functools.cache
def schema() -> Any:
    """The schema as the server gives it."""
    return Client().get("/api/schema/?format=json").json()


@functools.cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    templates = sorted(schema()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in templates]


def assert_conforms(method: str, path: str, response: Any) -> None:
    """The answer is one that the schema announces for this operation."""
    template = next(
        (
            t
            for pattern, t in _paths()
            if pattern.fullmatch(path.split("?", maxsplit=1)[0].replace("http://testserver", ""))
        ),
        None,
    )
    if template is None:
        assert response.status_code == 404, f"{path} is not in the schema"
        return
    operation = schema()["paths"][template].get(method)
    if operation is None:
        assert response.status_code == 405, f"{method} {template} is not in the schema"
        return
    announced = operation["responses"].get(str(response.status_code))
    assert announced is not None, (
        f"{method} {template} answered {response.status_code}, which the schema does not announce"
    )
    shape = announced.get("content", {}).get("application/json", {}).get("schema")
    if shape is not None and response["Content-Type"].startswith("application/json"):
        _validator(template, method, str(response.status_code)).validate(response.json())


@functools.cache
def _validator(template: str, method: str, status: str) -> Draft202012Validator:
    shape = schema()["paths"][template][method]["responses"][status]["content"]["application/json"]["schema"]
    return Draft202012Validator({**shape, "components": schema()["components"]})
