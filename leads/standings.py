"""How an organisation's sources and markets stood at the beginning of a day: counted once, stored, and looked up.

One statement for each of the two counts any number of days. The count of a single day is stored in `lead_standing`.
Triggers delete a stored day in the transaction that changes what it counted, whoever makes the change. Counting in
order to store takes a lock that excludes those writers, so what is stored always equals what would be counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import uuid4

from django.db import connection, transaction

from leads import bulk
from leads.populations import Markets, Sources, markets_by_day, marks_of, sources_by_day
from leads.seen import Kept
from leads.tables.standing import StandingKind

# Bucket k: decided before mark k and not before mark k - 1. A superseded outcome is subtracted when it was superseded.
COUNT_SOURCES = """
SELECT nullif(d.source, ''), width_bucket(at, %(days)s::timestamptz[]), sum(decided)::bigint, sum(won)::bigint
FROM (
    SELECT dossier_id, greatest(occurred_at, recorded_at) AS at, 1 AS decided, converted::int AS won
    FROM lead_outcome WHERE org_id = %(org_id)s
    UNION ALL
    SELECT dossier_id, greatest(occurred_at, recorded_at, superseded_at), -1, -converted::int
    FROM lead_outcome WHERE org_id = %(org_id)s AND superseded_at IS NOT NULL
) AS decisions JOIN dossier d ON d.id = decisions.dossier_id
WHERE at < %(latest)s GROUP BY 1, 2
"""

# A lead counts for its region until its property is known, then for the property's city, for 30 days from its creation.
COUNT_MARKETS = """
WITH recent AS (
    SELECT d.created_at AS made, nullif(d.region, '') AS region, nullif(p.city, '') AS city, p.known_from
    FROM dossier d LEFT JOIN property p ON p.dossier_id = d.id
    WHERE d.org_id = %(org_id)s AND d.created_at >= %(earliest)s - interval '30 days' AND d.created_at < %(latest)s
), stays AS (
    SELECT region AS market, made AS since,
           CASE WHEN city IS NULL THEN made + interval '30 days'
                ELSE least(greatest(known_from, made), made + interval '30 days') END AS until
    FROM recent WHERE region IS NOT NULL
    UNION ALL
    SELECT city, greatest(known_from, made), made + interval '30 days' FROM recent WHERE city IS NOT NULL
)
SELECT market, width_bucket(at, %(days)s::timestamptz[]), sum(change)::bigint
FROM stays CROSS JOIN LATERAL (VALUES (since, 1), (until, -1)) AS step (at, change)
WHERE since < until AND at < %(latest)s GROUP BY 1, 2
"""
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('lead_standing ' || %s, 0))"
KEEP = """
INSERT INTO lead_standing (id, org_id, kind, day, content) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# From today at the latest: a lead dated into the future is read as of then, which makes no present day obsolete.
FORGET = "DELETE FROM lead_standing WHERE org_id = %s AND kind = %s AND day < least(%s::date, current_date) - 31"

Tallies = list[tuple[Any, ...]]
Stood = TypeVar("Stood", Sources, Markets)


@dataclass(frozen=True)
class Counted(Generic[Stood]):
    """Sources, or markets: the statement that counts them, and how its tallies become their standing on each day."""

    kind: StandingKind
    statement: str
    by_day: Callable[[Any, Sequence[date]], Iterator[Stood]]
    marks: Callable[[Sequence[date]], list[date]] = list
    """The days between whose beginnings is counted what its tallies say."""

    def on_days(self, org_id: str, days: Sequence[date]) -> list[Stood]:
        """Their standing on each of the days, counted from leads and outcomes in one statement. The days are sorted."""
        return list(self.by_day(self._tallies(org_id, days), days))

    def on_day(self, org_id: str, day: date, kept: Kept) -> Stood:
        """Their standing on a day: as stored, or counted and stored."""
        key = kept.get((self.kind, day))
        try:
            return _kept(self, day, key) if key else self._keep(org_id, day)
        except KeyError:  # forgotten just now
            return self.on_days(org_id, [day])[0]

    def _tallies(self, org_id: str, days: Sequence[date]) -> Tallies:
        starts = [datetime.combine(day, time(), timezone.utc) for day in self.marks(days)]
        query: dict[str, Any] = {
            "org_id": org_id,
            "days": bulk.literal(starts),
            "earliest": starts[0],
            "latest": starts[-1],
        }
        with connection.cursor() as cursor:
            cursor.execute(self.statement, query)
            return list(cursor.fetchall())

    def _keep(self, org_id: str, day: date) -> Stood:
        with transaction.atomic():
            ((nobody_writes,),) = bulk.fetch(LOCK, org_id)
            tallies = self._tallies(org_id, [day])
            if nobody_writes:
                bulk.run(FORGET, org_id, self.kind, day)
                bulk.run(KEEP, uuid4(), org_id, self.kind, day, json.dumps(tallies))
        return next(self.by_day(tallies, [day]))


@lru_cache(maxsize=256)
def _kept(counted: Counted[Stood], day: date, key: str) -> Stood:
    """Raises KeyError where the row was forgotten meanwhile."""
    rows = bulk.fetch("SELECT content FROM lead_standing WHERE id = %s", key)
    if not rows:
        raise KeyError(key)
    return next(counted.by_day(json.loads(rows[0][0]), [day]))


SOURCES = Counted(StandingKind.SOURCES, COUNT_SOURCES, sources_by_day, marks_of)
MARKETS = Counted(StandingKind.MARKETS, COUNT_MARKETS, markets_by_day)
FEW_DAYS = 3
"""So many days are looked up one by one; more are counted together."""


@dataclass(frozen=True)
class Standings:
    """How sources and markets stood at the beginning of each of some days, in these days' order."""

    sources: Sequence[Sources]
    markets: Sequence[Markets]


def keep_ready(org_id: str, day: date) -> None:
    """Stores the day's standings ahead of a long transaction, which must not hold the lock that counting takes."""
    rows = bulk.fetch("SELECT kind, day, id::text FROM lead_standing WHERE org_id = %s AND day = %s", org_id, day)
    standings(org_id, [day], {(kind, day): key for kind, day, key in rows})


def standings(org_id: str, days: Sequence[date], kept: Kept) -> Standings:
    """The standings of the days, which are sorted; `kept` names the stored rows, where there are few days."""
    if len(days) > FEW_DAYS:
        return Standings(SOURCES.on_days(org_id, days), MARKETS.on_days(org_id, days))
    return Standings(
        [SOURCES.on_day(org_id, day, kept) for day in days], [MARKETS.on_day(org_id, day, kept) for day in days]
    )
