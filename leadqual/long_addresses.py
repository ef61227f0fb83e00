"""Answers requests whose address is too long: gunicorn refuses these before there is a request for Django."""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from gunicorn.http.errors import LimitRequestLine  # type: ignore[import-untyped]
from gunicorn.http.message import Request  # type: ignore[import-untyped]

TOLD = "The address is longer than the server reads: ask for less in it, or send it in a body where one is taken."
LONGEST_TOLD = 200
log = structlog.get_logger("django_structlog.middlewares.request")


class RememberingRequest(Request):  # type: ignore[misc]
    """gunicorn's request, which remembers how a first line that is too long began."""

    def read_line(self, unreader: Any, buf: bytearray, limit: int = 0) -> Any:
        """The line and what follows it. Raises LimitRequestLine, with its beginning as `began`."""
        try:
            return super().read_line(unreader, buf, limit)
        except LimitRequestLine as error:
            error.began = bytes(buf[:LONGEST_TOLD])
            raise


def refusal(began: bytes) -> bytes:
    """The answer to a request that began so: JSON as the contract has it under /api/, else a line of text."""
    if _is_of_a_program(began):
        error = {"code": "uri_too_long", "detail": TOLD, "attr": None}
        kind, body = "application/json", orjson.dumps({"type": "client_error", "errors": [error]})
    else:
        kind, body = "text/plain; charset=utf-8", f"{TOLD}\n".encode()
    head = f"HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}X-Content-Type-Options: nosniff\r\n\r\n".encode() + body


def tell(began: bytes, ip: str) -> None:
    """The request's line in the log, without its query, as every request has one."""
    asked = began.split(b"?")[0].decode("ascii", "replace")
    log.warning("request_finished", code=414, request=asked, ip=ip)


def _is_of_a_program(began: bytes) -> bool:
    return began.partition(b" ")[2].startswith(b"/api/")
