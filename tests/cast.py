"""Callers for journeys across rooms."""

from __future__ import annotations

from typing import Any

from django.test import Client

from common.auth import issue_service_token
from common.scopes import SCOPES
from tests.conformance import assert_conforms


class Caller:
    """A program with a token: JSON in, JSON out, and every answer as the schema announces it."""

    def __init__(self, org_id: str = "default", scopes: tuple[str, ...] = SCOPES, name: str = "crm") -> None:
        token = issue_service_token(name=name, org_id=org_id, scopes=list(scopes), days=1)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **headers: str) -> Any:
        return self._conforming("get", path, self.client.get(path, headers=self.headers | headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.client.post(path, body, "application/json", headers=self.headers | headers)
        return self._conforming("post", path, answer)

    def put(self, path: str, body: Any) -> Any:
        return self._conforming("put", path, self.client.put(path, body, "application/json", headers=self.headers))

    def patch(self, path: str, body: Any) -> Any:
        return self._conforming("patch", path, self.client.patch(path, body, "application/json", headers=self.headers))

    def _conforming(self, method: str, path: str, response: Any) -> Any:
        assert_conforms(method, path, response)
        return response


def assert_error(response: Any, status: int, attr: str | None = None) -> None:
    """The contract's error shape, with this status, naming this field."""
    assert response.status_code == status, response.content[:500]
    body = response.json()
    assert set(body) == {"type", "errors"}
    assert all(set(error) == {"code", "detail", "attr"} for error in body["errors"])
    if attr is not None:
        assert attr in [error["attr"] for error in body["errors"]]
