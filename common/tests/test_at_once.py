"""Reading on several connections finds what one finds, closes them, and hides no error."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from django.db import DataError, connection, transaction

from common.postgresql.at_once import at_once


def backend(job: int) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s + 1, pg_backend_pid()", [job])
        found: tuple[int, int] = cursor.fetchone()
        return found


def at_work(pids: Sequence[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [list(pids)])
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_it_reads_at_once_on_connections_that_it_closes() -> None:
    (_, mine), both = backend(0), threading.Barrier(2, timeout=20)

    def read(job: int) -> tuple[int, int]:
        both.wait()  # each waits for the other: one after the other they would never end
        return backend(job)

    found = at_once(read, range(4), threads=2)
    assert [number for number, _ in found] == [1, 2, 3, 4]
    pids = {pid for _, pid in found}
    assert mine not in pids
    assert _gone(pids)


def _gone(pids: set[int]) -> bool:
    pause = threading.Event()
    return any(at_work(list(pids)) == 0 or pause.wait(0.05) for _ in range(400))


@pytest.mark.django_db
def test_within_a_transaction_it_sees_what_that_has_written() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE seen_here (x int) ON COMMIT DROP")

        def count(_: int) -> int:
            cursor.execute("SELECT count(*) FROM seen_here")
            return int(cursor.fetchone()[0])

        assert at_once(count, [1, 2, 3], threads=2) == [0, 0, 0]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_error_is_raised() -> None:
    def fail(job: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / (%s - 2)", [job])

    with pytest.raises(DataError, match="division by zero"):
        at_once(fail, range(5), threads=2)
