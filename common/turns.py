"""A lock by name, across processes and machines, for acts of which only one may run at a time."""

from __future__ import annotations

from django.db import connection


def take_turn(what: str) -> None:
    """Waits for the lock named `what`, and holds it until the transaction ends. Needs one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [what])
