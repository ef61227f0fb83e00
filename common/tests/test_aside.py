"""A statement that PostgreSQL works on while its thread does something else."""

from collections.abc import Iterator

import pytest
from django.db import DataError, OperationalError, connection, transaction

from common.postgresql.aside import OFFER
from common.postgresql.overdue import GRACE_SECONDS
from common.prepared import Prepared

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
WHO = Prepared("SELECT pg_backend_pid() WHERE %(one)s = 1", {"one": "int"})
SLOW = Prepared("SELECT pg_backend_pid(), pg_sleep(%(seconds)s)", {"seconds": "float8"})
PART = Prepared("SELECT 1 / %(by)s", {"by": "int"})


@pytest.fixture
def offered() -> Iterator[None]:
    OFFER.make(statement_seconds=0)
    try:
        yield
    finally:
        OFFER.withdraw()


def nothing() -> None:
    """Work that takes no time."""


def own_backend() -> int:
    ((backend,),) = WHO.rows({"one": 1})
    return int(backend)


def backend_meanwhile() -> int:
    ((backend,),) = WHO.rows_meanwhile({"one": 1}, nothing)
    return int(backend)


def end(backend: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def at_work() -> set[int]:
    """The other backends that are working on a statement now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
            " AND datname = current_database() AND backend_type = 'client backend'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def test_the_work_is_done_while_the_statement_is_at_work(offered: None) -> None:
    seen: list[set[int]] = []
    ((backend, _),) = SLOW.rows_meanwhile({"seconds": 0.5}, lambda: seen.append(at_work()))
    assert seen == [{backend}]
    assert at_work() == set()


def test_one_line_is_kept_and_whoever_finds_it_taken_waits_on_the_own_connection(offered: None) -> None:
    line, inner = backend_meanwhile(), list[int]()
    assert line != own_backend()
    ((again,),) = WHO.rows_meanwhile({"one": 1}, lambda: inner.append(backend_meanwhile()))
    assert again == line
    assert inner == [own_backend()]


def test_in_a_transaction_or_where_none_is_offered_it_is_the_own_connection(offered: None) -> None:
    with transaction.atomic():
        assert backend_meanwhile() == own_backend()
    assert backend_meanwhile() != own_backend()
    OFFER.withdraw()
    assert backend_meanwhile() == own_backend()


def test_the_work_is_done_on_the_own_connection_as_well() -> None:
    done: list[int] = []
    assert PART.rows_meanwhile({"by": 1}, lambda: done.append(1)) == [(1,)]
    assert done == [1]


def test_a_statement_that_fails_raises_djangos_error_and_the_next_goes_on(offered: None) -> None:
    for _ in range(2):
        with pytest.raises(DataError):
            PART.rows_meanwhile({"by": 0}, nothing)
        assert PART.rows_meanwhile({"by": 1}, nothing) == [(1,)]


def test_work_that_fails_raises_its_own_error_and_the_next_goes_on(offered: None) -> None:
    with pytest.raises(ZeroDivisionError):
        PART.rows_meanwhile({"by": 1}, lambda: 1 / 0)
    assert PART.rows_meanwhile({"by": 1}, nothing) == [(1,)]
    assert backend_meanwhile() != own_backend()


def test_a_line_that_its_server_has_ended_is_made_anew(offered: None) -> None:
    line = backend_meanwhile()
    end(line)
    assert backend_meanwhile() not in {line, own_backend()}


def test_a_line_that_is_cut_in_the_midst_of_a_statement_says_so_and_is_made_anew(offered: None) -> None:
    with pytest.raises(OperationalError):
        SLOW.rows_meanwhile({"seconds": 30}, lambda: [end(pid) for pid in at_work()])
    assert backend_meanwhile() != own_backend()


def test_a_server_that_says_nothing_is_given_up(offered: None) -> None:
    OFFER.make(statement_seconds=0.1 - GRACE_SECONDS)
    with pytest.raises(OperationalError, match="does not answer"):
        SLOW.rows_meanwhile({"seconds": 1}, nothing)
