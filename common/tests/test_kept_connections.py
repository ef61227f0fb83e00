"""A kept connection is known to be gone without asking its server."""

import pytest
from django.db import DEFAULT_DB_ALIAS, DataError, connection, connections, transaction

from common.prepared import Prepared

pytestmark = pytest.mark.django_db


def test_a_connection_whose_server_has_ended_it_is_not_usable() -> None:
    kept = connection.copy()
    try:
        kept.ensure_connection()
        assert kept.is_usable()
        with kept.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (backend,) = cursor.fetchone()
        assert kept.is_usable()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        assert not kept.is_usable()
    finally:
        kept.close()
    assert not kept.is_usable()


def test_a_statement_goes_on_where_a_kept_cursor_has_met_an_error_or_its_connection_has_gone() -> None:
    one, nothing = Prepared("SELECT 1 / %(by)s", {"by": "int"}), {"by": 1}
    kept = connections[DEFAULT_DB_ALIAS]
    with transaction.atomic():
        assert one.rows(nothing) == one.rows(nothing) == [(1,)]
        with pytest.raises(DataError), transaction.atomic():
            one.rows({"by": 0})
        assert one.rows(nothing) == [(1,)]
    first = kept.quick_cursor()  # type: ignore[attr-defined]
    assert kept.quick_cursor() is first  # type: ignore[attr-defined]
    kept.force_debug_cursor = True
    try:
        assert kept.quick_cursor() is not first  # type: ignore[attr-defined]
    finally:
        kept.force_debug_cursor = False


def test_a_new_connection_has_a_cursor_and_prepared_statements_of_its_own() -> None:
    kept = connection.copy()
    try:
        kept.ensure_connection()
        first = kept.quick_cursor()
        kept.prepared.add("a statement")
        kept.close()
        kept.ensure_connection()
        assert kept.quick_cursor() is not first
        assert kept.prepared == set()
    finally:
        kept.close()
