"""Which fields of leads are empty, among the newest and among those before them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from leads.models import Organisation

NEWEST, BEFORE = 500, 2_000
"""So many of the newest leads are set against so many before them."""
MOST_ATTRIBUTES = 60
SURE, MATERIAL = 3.0, 0.05
"""Standard errors, and share of leads, from which on a field counts as emptier than it was."""
NAMES = ("source", "region", "owner", "amount", "source_score", "property_price", "property_has_photos", "city")

NEWEST_LEADS = """
WITH newest AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY created_at DESC) <= %(newest)s AS is_new FROM dossier
    WHERE org_id = %(org_id)s AND created_at <= %(until)s ORDER BY created_at DESC LIMIT %(most)s)
"""
KNOWN = """
SELECT n.is_new, count(*), count(n.source), count(n.region), count(n.owner), count(n.amount), count(n.source_score),
       count(p.price), count(p.has_photos), count(p.city)
FROM newest n LEFT JOIN property p ON p.dossier_id = n.id GROUP BY n.is_new
"""
ATTRIBUTES = """
SELECT a.name, count(DISTINCT n.id) FILTER (WHERE n.is_new), count(DISTINCT n.id) FILTER (WHERE NOT n.is_new)
FROM newest n JOIN lead_attribute a ON a.dossier_id = n.id AND a.value IS NOT NULL AND a.value <> 'null'
GROUP BY a.name ORDER BY count(DISTINCT n.id) DESC, a.name LIMIT %(attributes)s
"""


@dataclass(frozen=True)
class Missing:
    """A field, named as its feature: the share of the newest leads without it, and of those before (None: no leads)."""

    feature: str
    now: float
    before: float | None
    is_emptier: bool

    @property
    def is_unused(self) -> bool:
        """Whether no lead has it."""
        return self.now == 1.0 and self.before in (None, 1.0)


@dataclass(frozen=True)
class MissingRates:
    """The emptiest field first; `newest` leads were set against `earlier` ones."""

    newest: int
    earlier: int
    fields: list[Missing]

    @property
    def emptier(self) -> list[Missing]:
        """Those that are emptier than they were, beyond chance."""
        return [each for each in self.fields if each.is_emptier]


def missing_rates(org: Organisation, at: datetime) -> MissingRates:
    """Of the leads created by a moment. Two statements."""
    query: dict[str, Any] = {
        "org_id": org.org_id,
        "until": at,
        "newest": NEWEST,
        "most": NEWEST + BEFORE,
        "attributes": MOST_ATTRIBUTES,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_LEADS + KNOWN, query)
        told = {is_new: counts for is_new, *counts in cursor.fetchall()}
        cursor.execute(NEWEST_LEADS + ATTRIBUTES, query)
        attributes = cursor.fetchall()
    nothing = [0] * (1 + len(NAMES))
    (newest, *known), (earlier, *known_before) = told.get(True, nothing), told.get(False, nothing)
    if not newest:
        return MissingRates(0, 0, [])
    counted = [*zip(NAMES, known, known_before, strict=True)]
    counted += [(f"attributes.{name}", new, old) for name, new, old in attributes]
    fields = [_missing(name, (newest - new, newest), (earlier - old, earlier)) for name, new, old in counted]
    return MissingRates(newest, earlier, sorted(fields, key=lambda each: (not each.is_emptier, -each.now)))


def _missing(name: str, now: tuple[int, int], before: tuple[int, int]) -> Missing:
    return Missing(name, now[0] / now[1], before[0] / before[1] if before[1] else None, is_more(now, before))


def is_more(now: tuple[int, int], before: tuple[int, int]) -> bool:
    """Whether the first share (of, among) is larger, beyond chance (the pooled test of two shares), and materially."""
    if not before[1]:
        return False
    more = now[0] / now[1] - before[0] / before[1]
    pooled = (now[0] + before[0]) / (now[1] + before[1])
    error = math.sqrt(pooled * (1 - pooled) * (1 / now[1] + 1 / before[1]))
    return more >= MATERIAL and more > SURE * error
