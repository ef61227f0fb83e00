"""gunicorn's threaded worker, in which a thread stays with its connection as long as the caller keeps sending requests.

In gunicorn's own, every request is handed from the thread that watches connections to a thread that answers, and the
connection back again. Here the thread that has answered waits a moment for the next request. And an answer is sent in
one piece.
"""

from __future__ import annotations

import contextlib
import select
import time
from collections import deque
from itertools import takewhile
from typing import Any

from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.http.errors import LimitRequestLine  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]
from gunicorn.util import write_nonblock  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from leadqual.long_addresses import RememberingRequest, refusal, tell

LOOK_MILLISECONDS, LOOKS = 2, 10
"""So often a thread looks whether its caller asks again, and between two looks whether somebody waits for a thread."""
SIGN_OF_LIFE_SECONDS = 0.5
"""gunicorn gives up a worker after thirty seconds without one."""
LARGEST_PIECE = 1 << 16
"""A body up to so many bytes is copied to stand behind its head."""


class _Pieces(list[bytes]):
    """Stands in for a socket: collects what is sent."""

    sendall = list.append


class WholeResponse(wsgi.Response):  # type: ignore[misc]
    """gunicorn's response, which sends its head together with the beginning of its body: the receiver wakes up once."""

    def write(self, data: bytes) -> None:
        """Sends a part of the body, and the head where that has not been sent."""
        if self.headers_sent or len(data) > LARGEST_PIECE:
            super().write(data)
            return
        pieces, line = _Pieces(), self.sock
        self.sock: Any = pieces
        try:
            super().write(data)
        finally:
            self.sock = line
        line.sendall(b"".join(pieces))


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """The same worker, whose threads stay with a caller as long as it keeps asking and nobody waits for a thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: deque[Any] = deque()
        self._seen_alive = 0.0

    def init_process(self) -> None:
        """Reads requests, and sends answers, in our way."""
        RequestParser.mesg_class = RememberingRequest
        wsgi.Response = WholeResponse
        super().init_process()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answers what cannot be read; what is only too long, as the contract says."""
        if not isinstance(exc, LimitRequestLine):
            super().handle_error(req, client, addr, exc)
            return
        began: bytes = getattr(exc, "began", b"")
        tell(began, str(addr[0]) if addr else "")
        with contextlib.suppress(OSError):  # who asked has gone
            write_nonblock(client, refusal(began))

    def notify(self) -> None:
        """Shows that the worker lives: twice a second, and not with each event."""
        now = time.monotonic()
        if now - self._seen_alive >= SIGN_OF_LIFE_SECONDS:
            self._seen_alive = now
            super().notify()

    def enqueue_req(self, conn: Any) -> None:
        """Hands a connection on which something was sent to the next free thread."""
        self._waiting.append(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answers what was sent, and what follows within a moment. Runs in a thread of the pool."""
        self._waiting.popleft()  # whichever: how many wait is what counts
        kept = super().handle(conn)
        while kept is True and self.alive and self._asks_again(conn.sock):
            kept = super().handle(conn)
        return kept

    def _asks_again(self, sock: Any) -> bool:
        """Whether something more was sent, or the connection ended, within a moment in which nobody else has waited."""
        watched = select.poll()
        watched.register(sock, select.POLLIN)
        return any(watched.poll(LOOK_MILLISECONDS) for _ in takewhile(lambda _: not self._waiting, range(LOOKS)))
