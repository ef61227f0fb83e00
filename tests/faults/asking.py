"""A request to a running server, with what its answer carries besides the body."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from common.auth import issue_service_token
from common.scopes import SCOPES

LIMIT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    retry_after: str | None

    @property
    def is_later(self) -> bool:
        """Whether it says: ask again, and when."""
        return self.status == 503 and self.retry_after is not None


class Asker:
    """A program with every scope. A request that takes longer than the limit raises TimeoutError."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.token = issue_service_token(name="crm", org_id="default", scopes=list(SCOPES), days=1)

    def __call__(self, method: str, path: str, body: Any = None, *, raw: bytes = b"", kind: str = "") -> Answer:
        request = urllib.request.Request(self.address + path, method=method)
        request.data = raw or (json.dumps(body).encode() if body is not None else None)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", kind or "application/json")
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as answer:
                return Answer(answer.status, json.load(answer), None)
        except urllib.error.HTTPError as error:
            return Answer(error.code, json.load(error), error.headers["Retry-After"])


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What the acts answer, all begun at the same moment in threads of their own."""
    start, found = threading.Barrier(len(acts)), [None] * len(acts)

    def run(at: int) -> None:
        from django.db import connection

        start.wait()
        try:
            found[at] = acts[at]()
        except Exception as error:
            found[at] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
