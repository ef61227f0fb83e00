"""A body whose length is not announced (`Transfer-Encoding: chunked`) is read as any other, and never passed over."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from common.auth import issue_service_token
from common.scopes import SCOPES
from leads.models import ImportJob, Outcome
from leads.tests.cast import a_lead
from predictions.models import Prediction
from tests.cast import assert_error
from tests.processes import Server

MOST = 100_000


@dataclass(frozen=True)
class Sender:
    """Sends bodies in pieces to a real server; each is answered by a status and what is told."""

    host: str
    port: int
    token: str

    def __call__(self, path: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
        with contextlib.closing(http.client.HTTPConnection(self.host, self.port, timeout=60)) as link:
            link.request("POST", path, iter([body[:7], body[7:]]), self._headers(kind), encode_chunked=True)
            answer = link.getresponse()
            return answer.status, json.loads(answer.read())

    def raw(self, path: str, pieces: bytes) -> tuple[int, Any]:
        """Sends them marked as they are here."""
        headers = {"Host": "localhost", **self._headers("application/json")}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection((self.host, self.port), timeout=60) as link:
            link.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + pieces)
            answer = http.client.HTTPResponse(link)
            answer.begin()
            return answer.status, json.loads(answer.read())

    def _headers(self, kind: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "Transfer-Encoding": "chunked"}


@pytest.fixture
def send(
    process_environment: dict[str, str], server_processes: Callable[[int], list[Server]], tmp_path: Path
) -> Sender:
    most = {"MAX_BODY_BYTES": str(MOST), "IMPORT_MAX_BYTES": str(MOST)}
    process_environment |= {"WEB_WORKERS": "1", "LEADQUAL_MEDIA_ROOT": str(tmp_path), **most}
    host, _, port = server_processes(1)[0].address.removeprefix("http://").partition(":")
    return Sender(host, int(port), issue_service_token(name="crm", org_id="default", scopes=list(SCOPES), days=1))


def test_what_it_says_is_done_or_refused(send: Sender) -> None:
    path = f"/api/ml/predict/{a_lead().number}"
    assert send(f"{path}/outcome", b'{"converted": true}')[0] == 200
    assert Outcome.objects.get().converted
    for door in (path, "/api/ml/score-jobs", "/api/ml/model/train", "/api/ml/ab-test/1/stop"):
        status, told = send(door, b'{"no such field": 1}')
        assert (status, told["errors"][0]["code"]) == (400, "unknown_field"), door
    assert send("/api/auth/token/", b'{"username": "anna"}')[1]["errors"][0]["attr"] == "password"
    assert send(f"{path}/outcome", b"[" + b" " * MOST + b"]")[0] == 413
    assert send.raw(f"{path}/outcome", b"zz\r\n{}\r\n")[0] == 400
    assert not Prediction.objects.exists()


def test_a_file_may_come_so_too(send: Sender) -> None:
    file = b"dossier_id,status,created_at\r\n7,NEW,2026-06-01T09:00:00Z\r\n"

    def form(file: bytes) -> bytes:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="leads.csv"\r\n\r\n'
        return head + file + b"\r\n--x--\r\n"

    kind = "multipart/form-data; boundary=x"
    assert send("/api/ml/leads/import", form(file), kind)[0] == 202
    assert ImportJob.objects.get().filename == "leads.csv"
    assert send("/api/ml/leads/import", form(file * 25_000), kind)[0] == 413


@pytest.mark.django_db
def test_a_server_that_cannot_tell_where_it_ends_says_so() -> None:
    token = issue_service_token(name="crm", org_id="default", scopes=list(SCOPES), days=1)
    headers = {"Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked"}
    assert_error(Client().post("/api/ml/score-jobs", b"", "application/json", headers=headers), 400)
