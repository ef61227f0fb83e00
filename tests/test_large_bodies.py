"""What is too large is refused before anything of it is read or kept, whoever sends it; files come in by two doors."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.multipartparser import MultiPartParser
from django.test import Client

from common.bodies import FORM_BYTES
from common.tests.people import a_person
from tests.cast import Caller, assert_error
from tests.processes import Server
from tests.test_other_processes import eventually

MB = 1024 * 1024
PAGES = ["/accounts/login/", "/admin/login/", "/accounts/language/", "/ml-insights/data/import", "/ml-insights/views"]
PROGRAMS = ["/api/auth/token/", "/api/ml/predict/42", "/api/v1/predict/batch", "/api/schema/"]
IMPORT_PAGE, IMPORT_API = "/ml-insights/data/import", "/api/ml/leads/import"
COOKIE = f"csrftoken={'c' * 32}"
"""Anybody may write one; with it Django looks for its like in the form."""
FORM = "multipart/form-data; boundary=here"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[int]:
    """The lengths of the forms that were read, while a body may have a thousand bytes and a file three million."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.IMPORT_MAX_BYTES = 1_000, 3_000_000
    lengths, parse = list[int](), MultiPartParser.parse

    def parse_and_tell(self: MultiPartParser) -> Any:
        lengths.append(self._content_length)
        return parse(self)

    monkeypatch.setattr(MultiPartParser, "parse", parse_and_tell)
    return lengths


def send(client: Client, address: str, size: int, **headers: str) -> Any:
    return client.post(address, {"file": SimpleUploadedFile("leads.csv", b"x" * size)}, headers=headers)


@pytest.mark.django_db
@pytest.mark.parametrize("address", PAGES)
def test_no_page_reads_a_large_form_of_who_is_not_logged_in(address: str, read: list[int]) -> None:
    answer = send(Client(enforce_csrf_checks=True), address, 2_000, Cookie=COOKIE)
    assert (answer.status_code, read) == (413, [])
    assert "That is too large" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("address", PROGRAMS)
def test_no_program_sends_a_large_body(address: str, read: list[int]) -> None:
    for headers in ({}, Caller().headers):
        answer = send(Client(), address, 2_000, **headers)
        assert_error(answer, 413)
        assert answer.json()["errors"][0]["detail"] == "At most 1,000 bytes can be sent here at once."
    assert read == []


@pytest.mark.django_db
def test_a_file_comes_in_over_the_page_from_who_is_logged_in(read: list[int]) -> None:
    person = a_person("leads.add_importjob")
    assert send(person, "/ml-insights/views", 2_000).status_code == 413
    assert send(person, IMPORT_PAGE, 2_000).status_code == 302
    assert len(read) == 1
    answer = send(person, IMPORT_PAGE, 3_000_000 + FORM_BYTES)
    assert (answer.status_code, len(read)) == (413, 1)
    assert "at most 3 MB" in answer.content.decode()


@pytest.mark.django_db
def test_no_file_is_read_of_who_may_not_import(read: list[int]) -> None:
    person = a_person("leads.view_importjob")
    person.handler.enforce_csrf_checks, person.cookies["csrftoken"] = True, "c" * 32
    answer = send(person, IMPORT_PAGE, 2_000)
    assert (answer.status_code, read) == (413, [])


@pytest.mark.django_db
def test_a_program_says_who_it_is_before_its_file_is_read(read: list[int]) -> None:
    assert_error(send(Client(), IMPORT_API, 2_000), 401)
    assert_error(send(Client(), IMPORT_API, 2_000, Authorization="Bearer no"), 401)
    assert_error(send(Client(), IMPORT_API, 2_000, **Caller(scopes=("models:read",)).headers), 403)
    assert read == []


@pytest.mark.parametrize("length", ["", "much", "-5"])
@pytest.mark.django_db
def test_a_length_that_is_none_reads_nothing(length: str, read: list[int]) -> None:
    answer = Client().generic("POST", "/accounts/login/", b"x" * 2_000, FORM, CONTENT_LENGTH=length)
    assert answer.status_code < 500
    assert not any(read)


def test_the_real_server_keeps_nothing_of_it(
    process_environment: dict[str, str], server_processes: Callable[[int], list[Server]], tmp_path: Path
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    process_environment |= {"TMPDIR": str(folder), "MAX_BODY_BYTES": str(8 * MB)}
    address = server_processes(1)[0].address.removeprefix("http://")
    begun = b'--here\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 5 * MB

    def kept() -> int:
        """How many files of forms stand in the folder."""
        return len(list(folder.glob("*.upload*")))

    def sent(body: bytes, **headers: str) -> http.client.HTTPConnection:
        link = http.client.HTTPConnection(address, timeout=60)
        link.putrequest("POST", "/accounts/login/")
        for name, value in ({"Content-Type": FORM, "Cookie": COOKIE} | headers).items():
            link.putheader(name.replace("_", "-"), value)
        link.endheaders()
        with contextlib.suppress(ConnectionError):  # it has answered and hung up
            link.send(body)
        return link

    with contextlib.closing(sent(begun, Content_Length=str(7 * MB))):
        assert eventually(lambda: kept() == 1)  # so it would look
    assert eventually(lambda: kept() == 0)
    pieces = b"%x\r\n" % len(begun) + begun + b"\r\n"
    for body, length in ((begun, {"Content_Length": str(9 * MB)}), (pieces, {"Transfer_Encoding": "chunked"})):
        with contextlib.closing(sent(body, **length)) as link, contextlib.suppress(ConnectionError):
            assert link.sock.recv(8) == b"HTTP/1.1"  # before the rest has come
        assert kept() == 0
