"""Reading very many pairs: one aggregate a table, by binary COPY into arrays, so that a lead costs no work in Python.

That needs rows of one width, so no field may be null. What few leads have (changes, events, attributes) is read as in
`leads.seen`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from common.arrays import Moments
from common.copying import EPOCH, copied_out, copy_in
from leads.catalogue import Tally
from leads.features import Column
from leads.seen import ATTRIBUTES, CHANGES, KEPT, NOT_KNOWN, Asked, LeadGone, Seen, rows_of, with_rows

# The planner would repeat an aggregate in each parallel worker; and as many chunks are at work as there are cores.
# Emptied first: a transaction may ask twice.
PAIRS = """
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = '128MB';
CREATE TEMPORARY TABLE IF NOT EXISTS lead_pair (
    ix bigint, dossier_id bigint, moment timestamptz, known_by timestamptz) ON COMMIT DELETE ROWS;
TRUNCATE lead_pair
"""
# The keys of a chunk are near each other, and so are their entries in an index: so it is read from lowest to highest.
WORDS = {"source": "d.source", "region": "d.region", "property.city": "p.city"}
NUMBERS = {"source_score": "d.source_score", "amount": "d.amount", "property.price": "p.price"}
LEADS = """
SELECT ix, d.created_at, coalesce(p.known_from, 'infinity'),
       {words}, {numbers}, coalesce(p.has_photos::int::float8, 'NaN')
FROM lead_pair JOIN dossier d ON d.id = dossier_id AND d.org_id = %(org_id)s
 AND d.id BETWEEN %(lowest)s AND %(highest)s
LEFT JOIN property p ON p.dossier_id = d.id AND p.dossier_id BETWEEN %(lowest)s AND %(highest)s
""".format(
    words=", ".join(f"hashtextextended(coalesce({column}, ''), 0)" for column in WORDS.values()),
    numbers=", ".join(f"coalesce({column}, 'NaN')" for column in NUMBERS.values()),
)
SPELT = """
SELECT DISTINCT hashtextextended(word, 0), word
FROM lead_pair JOIN dossier d ON d.id = dossier_id AND d.id BETWEEN %(lowest)s AND %(highest)s
LEFT JOIN property p ON p.dossier_id = d.id AND p.dossier_id BETWEEN %(lowest)s AND %(highest)s
CROSS JOIN LATERAL (VALUES (coalesce(d.source, '')), (coalesce(d.region, '')), (coalesce(p.city, ''))) AS w (word)
"""


def _tally(condition: str) -> str:
    return ", ".join(
        (
            f"count(*) FILTER (WHERE {condition})",
            f"count(*) FILTER (WHERE {condition} AND m.created_at > moment - interval '7 days')",
            f"coalesce(min(m.created_at) FILTER (WHERE {condition}), 'infinity')",
            f"coalesce(max(m.created_at) FILTER (WHERE {condition}), 'infinity')",
        )
    )


HAPPENED = """
SELECT ix, {tallies} FROM lead_pair JOIN {table} m ON m.dossier_id = lead_pair.dossier_id
 AND m.dossier_id BETWEEN %(lowest)s AND %(highest)s AND m.created_at <= known_by AND m.recorded_at <= known_by
GROUP BY ix
"""
WAYS = {
    "message.INBOUND": "direction = 'INBOUND'",
    "message.OUTBOUND": "direction = 'OUTBOUND'",
    "message.": "direction IS NULL",
}
MESSAGES = HAPPENED.format(table="message_entity", tallies=", ".join(map(_tally, WAYS.values())))
APPOINTMENTS = HAPPENED.format(table="appointment_entity", tallies=_tally("true"))
EVENTS = """
SELECT 'tally', ix, 'event.' || e.kind, json_build_array(
    count(*), count(*) FILTER (WHERE e.occurred_at > moment - interval '7 days'),
    (extract(epoch FROM min(e.occurred_at)) * 1000000)::bigint,
    (extract(epoch FROM max(e.occurred_at)) * 1000000)::bigint)::text
FROM pairs JOIN lead_event e ON e.dossier_id = pairs.dossier_id
 AND e.occurred_at <= known_by AND e.recorded_at <= known_by AND NOT e.is_outcome_echo
GROUP BY ix, e.kind
"""
OF_PAIRS = "WITH pairs AS (SELECT * FROM lead_pair)"
FEW_HAVE = OF_PAIRS + " UNION ALL ".join((CHANGES, EVENTS, ATTRIBUTES, KEPT))

INFINITE = np.iinfo(np.int64).max
TALLY = ("count", "last_7_days", "first", "last")
MOST_SPELT = 100_000
_spelt: dict[int, str] = {}
"""Words by their hash: 64 bits of a good one, so that two words of an organisation do not meet."""


def see_in_bulk(pairs: Asked) -> Seen:
    """What is asked for. Raises LeadGone where a dossier does not exist in the organisation, or changes meanwhile."""
    n, lowest, highest = len(pairs), int(pairs.dossier.min()), int(pairs.dossier.max())
    asked = pairs.query | {"lowest": lowest, "highest": highest}
    with transaction.atomic(), connection.cursor() as cursor:
        _put(cursor, pairs)
        seen = _leads(cursor, asked, n)
        seen.tallies = _tallies(_copied(cursor, MESSAGES, asked, [TALLY] * len(WAYS)), list(WAYS), n)
        seen.tallies |= _tallies(_copied(cursor, APPOINTMENTS, asked, [TALLY]), ["appointment"], n)
        cursor.execute(FEW_HAVE, asked)
        return with_rows(seen, rows_of(cursor.fetchall()), n)


def _put(cursor: Any, pairs: Asked) -> None:
    cursor.execute(PAIRS)
    columns = {"dossier_id": pairs.dossier, "moment": pairs.moment, "known_by": pairs.known_by}
    copy_in(cursor, "lead_pair", {"ix": np.arange(len(pairs))} | columns)  # type: ignore[operator]
    cursor.execute("ANALYZE lead_pair")


def _copied(cursor: Any, statement: str, query: Mapping[str, Any], groups: Sequence[Sequence[str]]) -> NDArray[Any]:
    """The rows of a statement: `ix`, and the fields of each group with the group's number behind their names."""
    return copied_out(
        cursor, statement, query, ["ix", *(f"{name}{at}" for at, each in enumerate(groups) for name in each)]
    )


def _leads(cursor: Any, query: Mapping[str, Any], n: int) -> Seen:
    fields = ("created", "known", *WORDS, *NUMBERS, "property.has_photos")
    rows = _copied(cursor, LEADS, query, [fields])
    if len(rows) != n:
        raise LeadGone("a dossier is not of this organisation")
    rows = rows[np.argsort(rows["ix"])]
    known = rows["known0"].astype(np.int64)
    numbers = {name: rows[f"{name}0"].view(">f8").astype(np.float64) for name in (*NUMBERS, "property.has_photos")}
    words = _words(cursor, query, {name: rows[f"{name}0"].astype(np.int64) for name in WORDS})
    return Seen(
        _instants(rows["created0"]), np.where(known == INFINITE, NOT_KNOWN, known + EPOCH), {**words, **numbers}
    )


def _words(cursor: Any, query: Mapping[str, Any], hashes: Mapping[str, NDArray[np.int64]]) -> dict[str, Column]:
    found = {name: np.unique(column, return_inverse=True) for name, column in hashes.items()}
    words = {word for unique, _ in found.values() for word in unique.tolist()}
    known = {word: text for word in words if (text := _spelt.get(word)) is not None}
    if len(known) < len(words):
        cursor.execute(SPELT, query)
        known |= dict(cursor.fetchall())
        if len(_spelt) > MOST_SPELT:  # where each lead has words of its own, a process would remember them all
            _spelt.clear()
        _spelt.update(known)
        if not words <= known.keys():
            raise LeadGone("a word that a lead had is no longer its own")
    return {
        name: np.array([known[word] or None for word in unique.tolist()], dtype=object)[position]
        for name, (unique, position) in found.items()
    }


def _instants(column: NDArray[Any]) -> Moments:
    instants = column.astype(np.int64)
    return np.where(instants == INFINITE, np.int64(np.iinfo(np.int64).min), instants + EPOCH).view("datetime64[us]")


def _tallies(rows: NDArray[Any], names: Sequence[str], n: int) -> dict[str, Tally]:
    at = rows["ix"].astype(np.int64)
    return {name: _spread(rows, f"{place}", at, n) for place, name in enumerate(names)}


def _spread(rows: NDArray[Any], place: str, at: NDArray[np.int64], n: int) -> Tally:
    tally = Tally.none(n)
    for name in ("count", "last_7_days"):
        getattr(tally, name)[at] = rows[name + place]
    for name in ("first", "last"):
        getattr(tally, name)[at] = _instants(rows[name + place])
    return tally
