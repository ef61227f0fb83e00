"""Leads as they were known at a moment: many (dossier, moment) pairs in a fixed number of SQL statements.

A value counts only if it had occurred, and was recorded, by the moment. Scoring one lead now, scoring all of them, and
making training rows of the past are this one call with other pairs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from leads.catalogue import Snapshots, Tally
from leads.features import Moments
from leads.models import USABLE, Direction, Organisation
from leads.populations import MarketTally, SourceTally, market_percentiles, source_rates

Row = tuple[Any, ...]

PAIRS = """
WITH pairs AS (
    SELECT dossier_id, moment, known_by, ix - 1 AS ix
    FROM unnest(%(dossiers)s::bigint[], %(moments)s::timestamptz[], %(known_by)s::timestamptz[])
         WITH ORDINALITY AS p (dossier_id, moment, known_by, ix)
)
"""

LEADS = f"""{PAIRS}
SELECT ix, (extract(epoch FROM d.created_at) * 1000000)::bigint, d.source, d.source_score, d.region, d.amount,
       p.price, p.has_photos, p.city, (extract(epoch FROM p.known_from) * 1000000)::bigint
FROM pairs JOIN dossier d ON d.id = pairs.dossier_id AND d.org_id = %(org_id)s
LEFT JOIN property p ON p.dossier_id = d.id
"""

# What a field was at the moment is what the first later change replaced.
CHANGES = f"""{PAIRS}
SELECT DISTINCT ON (ix, field) ix, field, coalesce(old_value, 'null')
FROM pairs JOIN lead_change c ON c.dossier_id = pairs.dossier_id AND c.changed_at > pairs.known_by
ORDER BY ix, field, c.changed_at, c.id
"""

OCCURRENCES = f"""{PAIRS}
, occurrences AS (
    SELECT ix, moment, 'message.' || coalesce(direction, '') AS tally, m.created_at AS at
    FROM pairs JOIN message_entity m ON m.dossier_id = pairs.dossier_id
     AND m.created_at <= pairs.known_by AND m.recorded_at <= pairs.known_by
    UNION ALL
    SELECT ix, moment, 'appointment', a.created_at
    FROM pairs JOIN appointment_entity a ON a.dossier_id = pairs.dossier_id
     AND a.created_at <= pairs.known_by AND a.recorded_at <= pairs.known_by
    UNION ALL
    SELECT ix, moment, 'event.' || e.kind, e.occurred_at
    FROM pairs JOIN lead_event e ON e.dossier_id = pairs.dossier_id
     AND e.occurred_at <= pairs.known_by AND e.recorded_at <= pairs.known_by AND NOT e.is_outcome_echo
)
SELECT ix, tally, count(*), count(*) FILTER (WHERE at > moment - interval '7 days'),
       (extract(epoch FROM min(at)) * 1000000)::bigint, (extract(epoch FROM max(at)) * 1000000)::bigint
FROM occurrences GROUP BY ix, tally
"""

ATTRIBUTES = f"""{PAIRS}
SELECT DISTINCT ON (ix, name) ix, name, coalesce(a.value, 'null')
FROM pairs JOIN lead_attribute a ON a.dossier_id = pairs.dossier_id
 AND a.known_from <= pairs.known_by AND a.availability = ANY(%(usable)s)
ORDER BY ix, name, a.known_from DESC
"""

# Bucket k: decided before distinct moment k and not before moment k - 1. A superseded outcome is taken back.
SOURCES = """
SELECT d.source, width_bucket(at, %(thresholds)s::timestamptz[]) AS bucket, sum(decided), sum(won)
FROM (
    SELECT dossier_id, greatest(occurred_at, recorded_at) AS at, 1 AS decided, converted::int AS won
    FROM lead_outcome WHERE org_id = %(org_id)s
    UNION ALL
    SELECT dossier_id, superseded_at, -1, -converted::int
    FROM lead_outcome WHERE org_id = %(org_id)s AND superseded_at > greatest(occurred_at, recorded_at)
    UNION ALL
    SELECT dossier_id, greatest(occurred_at, recorded_at), -1, -converted::int
    FROM lead_outcome WHERE org_id = %(org_id)s AND superseded_at <= greatest(occurred_at, recorded_at)
) AS decisions JOIN dossier d ON d.id = decisions.dossier_id
WHERE at < %(latest)s GROUP BY 1, 2
"""

# A lead counts for its region until its property is known, then for the property's city, for 30 days from its creation.
MARKETS = """
WITH recent AS (
    SELECT d.created_at AS made, nullif(d.region, '') AS region, nullif(p.city, '') AS city, p.known_from
    FROM dossier d LEFT JOIN property p ON p.dossier_id = d.id
    WHERE d.org_id = %(org_id)s AND d.created_at > %(earliest)s - interval '30 days' AND d.created_at <= %(latest)s
), stays AS (
    SELECT region AS market, made AS since,
           CASE WHEN city IS NULL THEN made + interval '30 days'
                ELSE least(greatest(known_from, made), made + interval '30 days') END AS until
    FROM recent WHERE region IS NOT NULL
    UNION ALL
    SELECT city, greatest(known_from, made), made + interval '30 days' FROM recent WHERE city IS NOT NULL
)
SELECT market, width_bucket(at - interval '1 microsecond', %(thresholds)s::timestamptz[]) AS bucket, sum(change)
FROM stays CROSS JOIN LATERAL (VALUES (since, 1), (until, -1)) AS step (at, change)
WHERE since < until AND at <= %(latest)s GROUP BY 1, 2
"""
STATEMENTS = 6
"""How many SQL statements `take` sends, whatever the number of pairs."""


@dataclass(frozen=True)
class Lead:
    """A dossier's own fields and its property's, as known at a moment."""

    source: str | None
    source_score: float | None
    region: str | None
    amount: float | None
    price: float | None
    has_photos: bool | None
    city: str | None
    property_known: bool


def take(
    org: Organisation,
    dossiers: Sequence[int],
    moments: Sequence[datetime],
    *,
    known_by: Sequence[datetime] | None = None,
) -> Snapshots:
    """The dossiers (surrogate keys, of this organisation) as they were known at the moments, pair by pair.

    With `known_by` (one a pair, none after its moment) only what had occurred and was recorded by then counts, while
    ages and windows are measured from the moment: what was known then, read later. Raises KeyError where a dossier
    does not exist in the organisation.
    """
    known_by = moments if known_by is None else known_by
    thresholds = sorted(set(known_by))
    query = {
        "org_id": org.org_id,
        "dossiers": list(dossiers),
        "moments": list(moments),
        "known_by": list(known_by),
        "thresholds": thresholds,
        "earliest": thresholds[0] if thresholds else None,
        "latest": thresholds[-1] if thresholds else None,
        "usable": list(USABLE),
    }
    with connection.cursor() as cursor:
        leads, changes, occurrences, attributes, sources, markets = (
            _fetch(cursor, statement, query)
            for statement in (LEADS, CHANGES, OCCURRENCES, ATTRIBUTES, SOURCES, MARKETS)
        )
    return _assemble(
        org,
        np.array(dossiers, dtype=np.int64),
        microseconds(moments),
        microseconds(known_by),
        _Read(leads, changes, occurrences, attributes, sources, markets),
    )


@dataclass(frozen=True)
class _Read:
    leads: list[Row]
    changes: list[Row]
    occurrences: list[Row]
    attributes: list[Row]
    sources: list[Row]
    markets: list[Row]


def _fetch(cursor: Any, statement: str, query: Mapping[str, Any]) -> list[Row]:
    if not query["dossiers"]:
        return []
    cursor.execute(statement, query)
    rows: list[Row] = cursor.fetchall()
    return rows


def microseconds(moments: Iterable[datetime]) -> Moments:
    """Aware datetimes as numpy instants in UTC."""
    return np.array(
        [moment.astimezone(timezone.utc).replace(tzinfo=None) for moment in moments], dtype="datetime64[us]"
    )


def _assemble(
    org: Organisation, dossiers: NDArray[np.int64], moments: Moments, known_by: Moments, read: _Read
) -> Snapshots:
    n = len(dossiers)
    buckets = np.unique(known_by, return_inverse=True)[1]
    created, leads = _leads_as_known(n, known_by, read)
    source = _words(lead.source for lead in leads)
    region, city = _words(lead.region for lead in leads), _words(lead.city for lead in leads)
    market = _words(lead.city or lead.region for lead in leads)
    tallies = _tallies(n, read.occurrences)
    nothing = Tally.none(n)
    return Snapshots(
        zone=org.zone,
        dossier=dossiers,
        moment=moments,
        created_at=created,
        source=source,
        source_score=_floats(lead.source_score for lead in leads),
        source_rate=source_rates(
            (SourceTally(r[0] or None, r[1], int(r[2]), int(r[3])) for r in read.sources), source, buckets
        ),
        region=region,
        city=city,
        amount=_floats(lead.amount for lead in leads),
        has_property=_floats(lead.property_known for lead in leads),
        property_price=_floats(lead.price for lead in leads),
        property_has_photos=_floats(lead.has_photos for lead in leads),
        market_activity=market_percentiles((MarketTally(r[0], r[1], int(r[2])) for r in read.markets), market, buckets),
        inbound=tallies.get(f"message.{Direction.INBOUND}", nothing),
        outbound=tallies.get(f"message.{Direction.OUTBOUND}", nothing),
        appointments=tallies.get("appointment", nothing),
        last_event=_latest(n, tallies.values()),
        events={name.removeprefix("event."): tally for name, tally in tallies.items() if name.startswith("event.")},
        attributes=_attributes(n, read.attributes),
    )


def _leads_as_known(n: int, known_by: Moments, read: _Read) -> tuple[Moments, list[Lead]]:
    if len(read.leads) != n:
        raise KeyError("a dossier is not of this organisation")
    undo: dict[int, dict[str, Any]] = {}
    for ix, name, old_value in read.changes:
        undo.setdefault(ix, {})[name] = json.loads(old_value)
    created = np.empty(n, dtype="datetime64[us]")
    leads: list[Lead | None] = [None] * n
    instants = known_by.astype(np.int64)
    for ix, created_us, *fields in read.leads:
        created[ix] = np.datetime64(created_us, "us")
        leads[ix] = _lead_at(fields, undo.get(ix, {}), int(instants[ix]))
    return created, [lead for lead in leads if lead is not None]


def _lead_at(fields: Sequence[Any], undo: Mapping[str, Any], instant: int) -> Lead:
    source, source_score, region, amount, price, has_photos, city, known_from = fields
    if "property.known_from" in undo:
        old = undo["property.known_from"]
        known_from = None if old is None else _instant(old)
    known = known_from is not None and known_from <= instant
    return Lead(
        source=undo.get("source", source) or None,
        source_score=undo.get("source_score", source_score),
        region=undo.get("region", region) or None,
        amount=undo.get("amount", amount),
        price=undo.get("property.price", price) if known else None,
        has_photos=undo.get("property.has_photos", has_photos) if known else None,
        city=(undo.get("property.city", city) or None) if known else None,
        property_known=known,
    )


def _instant(text: str) -> int:
    return int(microseconds([datetime.fromisoformat(text)]).astype(np.int64)[0])


def _tallies(n: int, rows: Iterable[Row]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for ix, name, count, last_7_days, first, last in rows:
        tally = tallies.get(name)
        if tally is None:
            tally = tallies[name] = Tally.none(n)
        tally.count[ix], tally.last_7_days[ix] = count, last_7_days
        tally.first[ix], tally.last[ix] = np.datetime64(first, "us"), np.datetime64(last, "us")
    return tallies


def _latest(n: int, tallies: Iterable[Tally]) -> Moments:
    latest = np.full(n, np.datetime64("NaT"), dtype="datetime64[us]")
    for tally in tallies:
        latest = np.fmax(latest, tally.last)
    return latest


def _attributes(n: int, rows: Iterable[Row]) -> dict[str, NDArray[np.object_]]:
    columns: dict[str, NDArray[np.object_]] = {}
    for ix, name, value in rows:
        column = columns.get(name)
        if column is None:
            column = columns[name] = np.full(n, None, dtype=object)
        column[ix] = json.loads(value)
    return columns


def _words(values: Iterable[str | None]) -> NDArray[np.object_]:
    return np.array(list(values), dtype=object)


def _floats(values: Iterable[float | bool | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=float)
