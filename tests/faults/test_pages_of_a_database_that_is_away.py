"""While the database is away a page is 503 with Retry-After, also for somebody whose session nobody can read now."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from common.tests.people import staff
from tests.faults.locking import locked

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def person() -> Iterator[Client]:
    """Somebody who is logged in."""
    client = staff()
    with connection.cursor() as cursor, locked("django_session", "ACCESS EXCLUSIVE"):
        cursor.execute("SET lock_timeout = '100ms'")
        yield client
        cursor.execute("RESET lock_timeout")


@pytest.mark.parametrize("page", ["/ml-insights/", "/", "/admin/", "/accounts/login/"])
def test_a_page_is_there_later(person: Client, page: str) -> None:
    answer = person.get(page)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Back in a moment" in answer.content.decode()


def test_a_file_is_taken_later(person: Client) -> None:
    answer = person.post("/ml-insights/data/import", {"file": SimpleUploadedFile("leads.csv", b"x")})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
