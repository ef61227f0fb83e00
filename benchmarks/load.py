"""A load generator that is not the bottleneck: one process, keep-alive connections, no more parsing than it takes.

Each connection sends its next request as soon as the last answer is there. It drives some twenty thousand requests a
second, many times what a server here answers, and needs nothing that is not in Python.
"""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np

TIMEOUT_SECONDS = 120.0
LARGEST_PIECE = 1 << 20


class WrongAnswer(RuntimeError):
    """A server answered something else than 200, or not at all; the text is the start of it."""


@dataclass(frozen=True)
class Load:
    """What a server did in `seconds`: the milliseconds that each answer took, in the order they came."""

    seconds: float
    milliseconds: list[float] = field(repr=False)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.milliseconds) / self.seconds

    def percentile(self, share: float) -> float:
        """So many percent of the answers took no longer, in milliseconds."""
        return float(np.percentile(self.milliseconds, share))


def get(port: int, path: str, token: str = "") -> bytes:
    """A GET request as it goes over the wire."""
    told = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{told}\r\n".encode()


def post(port: int, path: str, body: bytes = b"", token: str = "") -> bytes:
    """A POST request as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept: application/json",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def drive(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Sends the requests round and round for so many seconds. Raises WrongAnswer at the first that is not 200.

    What is under way at the end is waited for, and not counted: a server is idle when this returns.
    """
    upcoming, poll, took = cycle(requests), select.epoll(), list[float]()
    links = {link.fileno: link for link in (_Link(port) for _ in range(connections))}
    begun = time.perf_counter()
    for link in links.values():
        poll.register(link.fileno, select.EPOLLIN)
        link.send(next(upcoming))
    while (now := time.perf_counter()) < begun + seconds:
        for fileno, _ in poll.poll(TIMEOUT_SECONDS):
            link = links[fileno]
            if link.has_answered():
                took.append(1000 * (time.perf_counter() - link.sent_at))
                link.send(next(upcoming))
    for link in links.values():
        while not link.has_answered():
            pass
        link.socket.close()
    poll.close()
    return Load(now - begun, took)


def drive_anew(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """The same with new connections each second, since which of a server's processes takes them is luck."""
    parts = [drive(port, requests, connections=connections, seconds=1.0) for _ in range(math.ceil(seconds))]
    return Load(sum(part.seconds for part in parts), [each for part in parts for each in part.milliseconds])


def ask(port: int, request: bytes) -> bytes:
    """The body that one request is answered with. Raises WrongAnswer, or OSError where nobody listens."""
    link = _Link(port)
    with link.socket:
        link.send(request)
        while not link.has_answered():
            pass
        return link.body


class _Link:
    """A connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fileno, self.sent_at, self.body = self.socket.fileno(), 0.0, b""
        self._read, self._wanted = bytearray(), 0

    def send(self, request: bytes) -> None:
        self._read, self._wanted = bytearray(), 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def has_answered(self) -> bool:
        """Reads what has come; whether that is the whole answer."""
        piece = self.socket.recv(LARGEST_PIECE)
        self._read += piece
        if not self._wanted:
            self._wanted = _length(self._read)
        if not piece or (self._wanted and self._read[9:12] != b"200"):
            raise WrongAnswer(bytes(self._read[:1000]).decode(errors="replace") or "the server has hung up")
        if not self._wanted or len(self._read) < self._wanted:
            return False
        self.body = bytes(self._read[self._read.index(b"\r\n\r\n") + 4 :])
        return True


def _length(read: bytearray) -> int:
    """The length of the whole answer by its header; 0 where that has not come yet."""
    end = read.find(b"\r\n\r\n")
    if end < 0:
        return 0
    for line in bytes(read[:end]).lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return end + 4 + int(line[15:])
    raise WrongAnswer("an answer without Content-Length")
