"""A process's lines to PostgreSQL: shared by its threads, and left alone while PostgreSQL is at work."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import DataError, OperationalError, connection, transaction

from common.postgresql.lines import OFFER
from common.postgresql.overdue import GRACE_SECONDS
from common.prepared import Prepared

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
WHO = Prepared("SELECT pg_backend_pid() WHERE %(one)s = 1", {"one": "int"})
SLOW = Prepared("SELECT pg_backend_pid(), pg_sleep(%(seconds)s)", {"seconds": "float8"})
READ = Prepared(
    """SELECT '{"a": [1, 2.5, null]}'::jsonb, '{"a": 1}'::json, %(at)s::timestamptz, date '2026-10-01', 1.5::numeric,
              1.5::float8, 'x'::text, '\\x0102'::bytea, ARRAY['a', NULL], true, NULL, current_setting('TimeZone'),
              current_setting('statement_timeout'), current_setting('plan_cache_mode')""",
    {"at": "timestamptz"},
)
HELD = Prepared("SELECT pg_backend_pid(), pg_advisory_lock(%(key)s)", {"key": "bigint"})
PART = Prepared("SELECT 1 / %(by)s", {"by": "int"})


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One line."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    OFFER.make(1, statement_seconds=0)
    try:
        yield
    finally:
        OFFER.withdraw()


def own_backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def backend() -> int:
    ((found,),) = WHO.rows({"one": 1})
    return int(found)


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


def seen_at_work() -> set[int]:
    """The same, as soon as there is one: what was sent need not have arrived."""
    return next((found for _ in range(2_000) if (found := at_work()) or time.sleep(0.01)), set())


def test_something_else_is_done_while_the_statement_is_at_work(offered: None) -> None:
    seen: list[set[int]] = []

    def look_and_let_go() -> None:
        seen.append(seen_at_work())
        cursor.execute("SELECT pg_advisory_unlock(7)")

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7)")
        ((found, _),) = HELD.rows({"key": 7}, look_and_let_go)
    assert seen == [{found}]


def test_values_are_read_as_on_djangos_connection(offered: None) -> None:
    query = {"at": datetime(2026, 10, 25, 3, 30, tzinfo=ZoneInfo("Europe/Paris"))}

    def told() -> list[str]:
        ((*values,),) = READ.rows(query)
        return [repr(bytes(value) if isinstance(value, memoryview) else value) for value in values]

    on_a_line = told()
    with transaction.atomic():
        assert on_a_line == told()
    assert "'UTC'" in on_a_line


def test_it_is_done_where_there_is_no_line_as_well() -> None:
    done: list[int] = []
    assert PART.rows({"by": 1}, lambda: done.append(1)) == [(1,)]
    assert done == [1]


def test_who_finds_the_line_taken_asks_on_the_own_connection(offered: None) -> None:
    line, inner = backend(), list[int]()
    assert line != own_backend()
    assert WHO.rows({"one": 1}, lambda: inner.append(backend())) == [(line,)]
    assert inner == [own_backend()]


def test_the_line_that_was_used_last_is_given_next(offered: None) -> None:
    OFFER.withdraw()
    OFFER.make(2, statement_seconds=0)
    inner: list[int] = []
    ((line,),) = WHO.rows({"one": 1}, lambda: inner.append(backend()))
    assert own_backend() not in {line, *inner}
    assert {line} != set(inner)
    assert [backend(), backend()] == [line, line]


def test_other_threads_use_it_too(offered: None) -> None:
    with ThreadPoolExecutor(1) as other:
        assert other.submit(backend).result() == backend()


def test_in_a_transaction_or_where_none_is_offered_it_is_the_own_connection(offered: None) -> None:
    with transaction.atomic():
        assert backend() == own_backend()
    assert backend() != own_backend()
    OFFER.withdraw()
    assert backend() == own_backend()


def test_where_a_line_cannot_be_had_it_is_the_own_connection(offered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    own = own_backend()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "NAME", "there_is_none_of_this_name")
        assert backend() == own
    assert backend() != own


def test_a_line_is_kept_as_long_as_connections_are(offered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first = backend()
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0.1)
    time.sleep(0.2)
    assert backend() not in {first, own_backend()}
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    assert backend() == own_backend()


def test_a_statement_that_fails_raises_djangos_error_and_the_next_goes_on(offered: None) -> None:
    for _ in range(2):
        with pytest.raises(DataError):
            PART.rows({"by": 0})
        assert PART.rows({"by": 1}) == [(1,)]
    assert backend() != own_backend()


def test_what_fails_meanwhile_raises_its_own_error_and_the_next_goes_on(offered: None) -> None:
    with pytest.raises(ZeroDivisionError):
        PART.rows({"by": 1}, lambda: 1 / 0)
    assert PART.rows({"by": 1}) == [(1,)]
    assert backend() != own_backend()


def test_a_line_that_its_server_has_ended_is_made_anew(offered: None) -> None:
    line = backend()
    end(line)
    assert backend() not in {line, own_backend()}


def test_a_line_that_is_cut_in_the_midst_of_a_statement_says_so_and_is_made_anew(offered: None) -> None:
    with pytest.raises(OperationalError):
        SLOW.rows({"seconds": 30}, lambda: [end(pid) for pid in seen_at_work()])
    assert backend() != own_backend()


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    OFFER.make(1, statement_seconds=0.1 - GRACE_SECONDS)
    try:
        with pytest.raises(OperationalError, match="does not answer"):
            SLOW.rows({"seconds": 1})
    finally:
        OFFER.withdraw()
