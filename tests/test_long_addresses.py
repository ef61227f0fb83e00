"""An address that is too long for the server is refused in the words of the contract, and has its line in the log."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.processes import Server


@pytest.fixture
def server(process_environment: dict[str, str], server_processes: Callable[[int], list[Server]]) -> Server:
    process_environment |= {"LEADQUAL_LOG_FORMAT": "json", "WEB_WORKERS": "1"}
    return server_processes(1)[0]


def asked(server: Server, path: str) -> tuple[int, str, bytes]:
    link = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=20)
    link.request("GET", path)
    answer = link.getresponse()
    told = answer.status, answer.headers["Content-Type"], answer.read()
    link.close()
    return told


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]


def test_a_program_is_told_in_json_and_a_person_in_a_sentence(server: Server) -> None:
    status, kind, body = asked(server, f"/api/ml/leads/ranked?secret={'a' * 9_000}")
    assert (status, kind) == (414, "application/json")
    (error,) = json.loads(body)["errors"]
    assert (error["code"], error["attr"]) == ("uri_too_long", None)
    assert "ask for less in it" in error["detail"]
    status, kind, body = asked(server, f"/ml-insights/?search={'a' * 60_000}")
    assert (status, kind, body.decode()) == (414, "text/plain; charset=utf-8", f"{error['detail']}\n")
    assert asked(server, "/health/live")[0] == 200
    told = [(line["code"], line["request"], line["level"]) for line in lines(server) if line.get("code") == 414]
    assert told == [(414, "GET /api/ml/leads/ranked", "warning"), (414, "GET /ml-insights/", "warning")]
    assert "secret" not in server.log
    assert "Logging error" not in server.log


def test_what_the_server_says_of_itself_is_a_line_of_the_log(server: Server) -> None:
    link = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=20)
    link.connect()
    link.sock.sendall(b"NONSENSE\r\n\r\n")
    assert b"400 Bad Request" in link.sock.recv(65536)
    link.close()
    told = [line for line in lines(server) if line.get("logger") == "gunicorn.error"]
    assert [line["level"] for line in told if "Invalid" in line["event"]] == ["warning"]
    assert any(line["event"].startswith("Starting gunicorn") for line in told)
    assert "Logging error" not in server.log
