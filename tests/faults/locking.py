"""Tables that somebody else holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg2
from django.db import connection

from leadqual import postgres


@contextlib.contextmanager
def locked(table: str, mode: str) -> Iterator[None]:
    """Another session has locked the table: against writing (SHARE), or against everything (ACCESS EXCLUSIVE)."""
    other = psycopg2.connect(postgres.url(connection.settings_dict["NAME"]))
    try:
        with other.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")
        yield
    finally:
        other.rollback()
        other.close()
