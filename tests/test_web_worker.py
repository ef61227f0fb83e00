"""A thread of the web server stays with a caller that keeps asking, but never to the harm of another."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.processes import Server

MANY = 1_000
Links = Callable[[], http.client.HTTPConnection]


@pytest.fixture
def server(process_environment: dict[str, str], server_processes: Callable[[int], list[Server]]) -> Server:
    """With a single thread."""
    process_environment |= {"WEB_WORKERS": "1", "WEB_THREADS": "1"}
    return server_processes(1)[0]


@pytest.fixture
def links(server: Server) -> Iterator[Links]:
    """Makes connections to it."""
    with contextlib.ExitStack() as kept:

        def link() -> http.client.HTTPConnection:
            address = server.address.removeprefix("http://")
            return kept.enter_context(contextlib.closing(http.client.HTTPConnection(address, timeout=20)))

        yield link


def ask(link: http.client.HTTPConnection) -> int:
    link.request("GET", "/health/live")
    answer = link.getresponse()
    answer.read()
    return answer.status


def test_who_keeps_asking_holds_nobody_up(links: Links) -> None:
    busy, another, answers = links(), links(), list[int]()
    assert ask(busy) == 200
    other = threading.Thread(target=lambda: answers.extend(ask(another) for _ in range(3)), daemon=True)
    other.start()
    asked = next(number for number in range(MANY) if ask(busy) != 200 or len(answers) == 3)
    assert asked < MANY / 10  # 3 to 6; without looking whether somebody waits it was some 300
    assert answers == [200, 200, 200]


def test_a_kept_connection_outlives_a_pause(links: Links) -> None:
    link = links()
    assert ask(link) == 200
    kept = link.sock
    time.sleep(0.1)  # longer than a thread is patient
    assert ask(links()) == 200
    assert ask(link) == 200
    assert link.sock is kept


def test_a_request_sent_before_the_first_is_answered_is_not_lost(links: Links) -> None:
    link = links()
    assert ask(link) == 200
    request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
    link.sock.sendall(request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    said = b""
    while part := link.sock.recv(65536):
        said += part
    assert said.count(b"HTTP/1.1 200 OK") == 2


def test_an_answer_comes_in_one_piece(links: Links) -> None:
    link = links()
    assert ask(link) == 200
    for _ in range(5):
        link.sock.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head, _, body = link.sock.recv(65536).partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert body
