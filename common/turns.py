"""Acts that only one at a time may be at, across processes and machines."""

from __future__ import annotations

from django.db import connection


def take_turn(what: str) -> None:
    """Waits until nobody else is at `what`, and keeps them out until the transaction, which must be one, ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [what])
