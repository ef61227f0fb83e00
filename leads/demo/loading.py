"""Loading the demonstration into an organisation: drawn in memory, copied into the tables."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from leads import bulk
from leads.demo.lives import ZONE, Ints, draw
from leads.demo.rows import Part, Rows
from leads.models import Dossier, Organisation
from leads.tables.organisation import lost_by_default, won_by_default

CHUNK = 1_000
"""Leads whose rows are written at once."""
DAYS_A_MONTH = 30.4375
NAME = "Agence Démo"
NULL = "\\N"
Progress = Callable[[int], Any]
"""Is told how many more leads are done."""


class HasLeads(Exception):
    """The organisation has leads already, which the demonstration must not mix with."""


@dataclass(frozen=True)
class Loaded:
    """What was written."""

    leads: int
    won: int
    lost: int
    rows: int


@transaction.atomic
def load_demonstration(
    *,
    org_id: str,
    leads: int,
    seed: int,
    until: datetime,
    months: float = 8,
    is_past: bool = False,
    replace: bool = False,
    progress: Progress = lambda done: None,
) -> Loaded:
    """Makes the organisation and its leads of the months before `until`; the same for the same arguments.

    `is_past` makes `until` the organisation's present. Raises HasLeads where it has leads, unless `replace`: then they
    and all that hangs on them are deleted first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else millions of checks wait for the end, and the bar lies
    if replace:
        delete_leads(org_id=org_id)
    elif Dossier.objects.of(org_id).exists():
        raise HasLeads(org_id)
    _organisation(org_id, until if is_past else None)
    lives = draw(leads, since=until - timedelta(days=months * DAYS_A_MONTH), until=until, seed=seed)
    ids, now, written, won, lost = _ids(leads), int(until.timestamp()), 0, 0, 0
    for first in range(0, leads, CHUNK):
        part = Part(lives, first, ids[first : first + CHUNK], now)
        written += sum(_copy(org_id, rows) for rows in part.rows())
        won, lost = won + int(part.won.sum()), lost + int(((part.decided <= part.age) & ~part.won).sum())
        progress(len(part.ids))
    bulk.analyse()
    return Loaded(leads=leads, won=won, lost=lost, rows=written)


def delete_leads(*, org_id: str) -> int:
    """Deletes an organisation's leads and all that hangs on them, predictions too; how many leads there were."""
    deleted = 0
    while keys := list(Dossier.objects.of(org_id).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        Dossier.objects.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted


def _organisation(org_id: str, observed_until: datetime | None) -> None:
    Organisation.objects.update_or_create(
        org_id=org_id,
        defaults={
            "name": NAME,
            "time_zone": ZONE,
            "currency": "EUR",
            "horizon_days": 60,
            "won_statuses": won_by_default(),
            "lost_statuses": lost_by_default(),
            "observed_until": observed_until,
        },
    )


def _ids(leads: int) -> Ints:
    """Keys for new dossiers, from the table's own sequence."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('dossier', 'id')) FROM generate_series(1, %s) ORDER BY 1", [leads]
        )
        return np.array([key for (key,) in cursor.fetchall()], dtype=np.int64)


def _copy(org_id: str, rows: Rows) -> int:
    """Writes rows by COPY, the fastest way in; how many there were."""
    names = ", ".join(["org_id", *rows.columns])
    lines = ["\t".join([org_id, *values]) for values in zip(*map(_texts, rows.columns.values()), strict=True)]
    if lines:
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {rows.table} ({names}) FROM STDIN", io.StringIO("\n".join(lines) + "\n"))
    return len(lines)


def _texts(values: Iterable[Any]) -> list[str]:
    """Values as COPY reads them. Ours hold no tabs, line ends or backslashes."""
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    return [NULL if value is None or value != value else str(value) for value in plain]
