"""Reading many (dossier, moment) pairs from the tables: one statement, whose rows name the part that they belong to.

It is sent for many pairs, or embedded into a statement that finds a single lead, so that both are one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from common.arrays import Moments
from common.prepared import Prepared
from leads import bulk
from leads.catalogue import Tally
from leads.features import Column
from leads.models import USABLE

PAIRS = """(
SELECT dossier_id, moment, known_by, ix - 1 AS ix
FROM unnest(%(dossiers)s::bigint[], %(moments)s::timestamptz[], %(known_by)s::timestamptz[])
     WITH ORDINALITY AS p (dossier_id, moment, known_by, ix)
)"""

LEADS = """
SELECT 'lead', ix, '', json_build_array(
    (extract(epoch FROM d.created_at) * 1000000)::bigint, (extract(epoch FROM p.known_from) * 1000000)::bigint,
    d.source, d.source_score, d.region, d.amount, p.price, p.has_photos, p.city)::text
FROM pairs JOIN dossier d ON d.id = pairs.dossier_id AND d.org_id = %(org_id)s
LEFT JOIN property p ON p.dossier_id = d.id
"""

# A field's value at the moment is the old value of the first change after it.
CHANGES = """
(SELECT DISTINCT ON (ix, field) 'change', ix, field, coalesce(old_value, 'null')::text
FROM pairs JOIN lead_change c ON c.dossier_id = pairs.dossier_id AND c.changed_at > pairs.known_by
ORDER BY ix, field, c.changed_at, c.id)
"""

OCCURRENCES = """
SELECT 'tally', ix, name, json_build_array(
    count(*), count(*) FILTER (WHERE at > moment - interval '7 days'),
    (extract(epoch FROM min(at)) * 1000000)::bigint, (extract(epoch FROM max(at)) * 1000000)::bigint)::text
FROM (
    SELECT ix, moment, 'message.' || coalesce(direction, '') AS name, m.created_at AS at
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
) AS occurrences GROUP BY ix, name
"""

# Which availabilities may be used is constant, so they are literals of ours and no parameter.
ATTRIBUTES = f"""
(SELECT DISTINCT ON (ix, name) 'attribute', ix, name, coalesce(a.value, 'null')::text
FROM pairs JOIN lead_attribute a ON a.dossier_id = pairs.dossier_id
 AND a.known_from <= pairs.known_by AND a.availability IN ({", ".join(f"'{each}'" for each in USABLE)})
ORDER BY ix, name, a.known_from DESC)
"""  # noqa: S608

STANDING = "SELECT kind, 0, day::text, id::text FROM lead_standing WHERE org_id = %(org_id)s AND day"
KEPT = f"{STANDING} = ANY(%(days)s::date[])"
PARTS = " UNION ALL ".join((LEADS, CHANGES, OCCURRENCES, ATTRIBUTES))

SEE = Prepared(
    f"WITH pairs AS {PAIRS} {PARTS} UNION ALL {KEPT}",
    {
        "dossiers": "bigint[]",
        "moments": "timestamptz[]",
        "known_by": "timestamptz[]",
        "org_id": "varchar",
        "days": "date[]",
    },
)


def within(dossier: str, moment: str) -> str:
    """The same as an SQL expression, for a statement that has a dossier's key, a moment, and a parameter `org_id`.

    Its value is a text for `seen_of`.
    """
    pair = f"SELECT {dossier} AS dossier_id, {moment} AS moment, {moment} AS known_by, 0 AS ix"
    kept = f"{STANDING} = ({moment} AT TIME ZONE 'UTC')::date"
    parts = f"{PARTS} UNION ALL {kept}"
    return f"""(
    WITH pairs AS NOT MATERIALIZED ({pair})
    SELECT json_agg(json_build_array(part, name, value))::text
    FROM ({parts}) AS seen (part, ix, name, value)
)"""  # noqa: S608


# Not orjson, which refuses integers beyond 64 bits; and without the layers of json.loads.
decoded = json.JSONDecoder().raw_decode
NOT_KNOWN = np.iinfo(np.int64).max
"""The instant from which a property is known that there is not."""

Part = list[tuple[int, str, str]]
Kept = Mapping[tuple[str, date], str]
"""The kept standings' keys, by kind and day."""


@dataclass
class Seen:
    """What was read of n pairs, each field as it is now. Columns have length n; missing is NaN or None.

    `known_from` says, in microseconds, since when the property has been known. `changes` lists (pair, field, the
    field's value at the pair's moment). `kept` has the stored standings of the moments' days.
    """

    created_at: Moments
    known_from: NDArray[np.int64]
    fields: dict[str, Column]
    changes: list[tuple[int, str, Any]] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    attributes: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    kept: Kept = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """n pairs to read, arrays of length n, and the days whose stored standings are wanted."""

    org_id: str
    dossier: NDArray[np.int64]
    moment: Moments
    known_by: Moments
    days: Sequence[date]

    def __len__(self) -> int:
        return len(self.dossier)

    @property
    def query(self) -> dict[str, Any]:
        """What the statements take beside the pairs."""
        return {"org_id": self.org_id, "days": list(self.days)}


class LeadGone(KeyError):
    """A dossier does not exist in the organisation; or it was forgotten, or changed, from one statement to the next."""


def see(asked: Asked) -> Seen:
    """Reads the pairs. Raises LeadGone where a dossier does not exist in the organisation."""
    pairs = {
        "dossiers": bulk.literal(asked.dossier.tolist()),
        "moments": _instants(asked.moment),
        "known_by": _instants(asked.known_by),
    }
    return _seen(len(asked), SEE.rows(asked.query | pairs))


def seen_of(texts: Sequence[str]) -> Seen:
    """What `within` has read in another statement: a text for each pair."""
    rows = ((part, ix, name, value) for ix, text in enumerate(texts) for part, name, value in orjson.loads(text))
    return _seen(len(texts), rows)


def _seen(n: int, rows: Iterable[tuple[str, int, str, str]]) -> Seen:
    parts = rows_of(rows)
    seen = Seen(*_leads(n, parts.pop("lead", [])))
    return with_rows(seen, parts, n)


def _instants(moments: Moments) -> str:
    return f"{{{','.join(np.datetime_as_string(moments, timezone='UTC').tolist())}}}"


def rows_of(rows: Iterable[tuple[str, int, str, str]]) -> dict[str, Part]:
    """The rows of each part."""
    parts: dict[str, Part] = {}
    for part, ix, name, value in rows:
        parts.setdefault(part, []).append((ix, name, value))
    return parts


def with_rows(seen: Seen, parts: dict[str, Part], n: int) -> Seen:
    """Adds the changes, tallies, attributes and stored standings that these rows hold, for n pairs."""
    return replace(
        seen,
        changes=[(ix, name, decoded(value)[0]) for ix, name, value in parts.pop("change", [])],
        tallies=seen.tallies | _tallies(n, parts.pop("tally", [])),
        attributes=_attributes(n, parts.pop("attribute", [])),
        kept={(kind, date.fromisoformat(day)): key for kind, rows in parts.items() for _, day, key in rows},
    )


WORDS = ("source", "region", "property.city")
ORDER = ("source", "source_score", "region", "amount", "property.price", "property.has_photos", "property.city")


def _leads(n: int, rows: Part) -> tuple[Moments, NDArray[np.int64], dict[str, Column]]:
    if len(rows) != n:
        raise LeadGone("a dossier is not of this organisation")
    leads = [orjson.loads(value) for _, _, value in sorted(rows)]
    created, known, *fields = zip(*leads, strict=True) if leads else [()] * (2 + len(ORDER))
    return (
        np.array(created, dtype="datetime64[us]"),
        np.array([NOT_KNOWN if instant is None else instant for instant in known], dtype=np.int64),
        {name: _column(name, values) for name, values in zip(ORDER, fields, strict=True)},
    )


def _column(name: str, values: Iterable[Any]) -> Column:
    if name in WORDS:
        return np.array([value or None for value in values], dtype=object)
    return np.array([np.nan if value is None else float(value) for value in values], dtype=float)


def _tallies(n: int, rows: Part) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for ix, name, value in rows:
        tally = tallies.get(name)
        if tally is None:
            tally = tallies[name] = Tally.none(n)
        tally.count[ix], tally.last_7_days[ix], first, last = orjson.loads(value)
        tally.first[ix], tally.last[ix] = np.datetime64(first, "us"), np.datetime64(last, "us")
    return tallies


def _attributes(n: int, rows: Part) -> dict[str, NDArray[np.object_]]:
    columns: dict[str, NDArray[np.object_]] = {}
    for ix, name, value in rows:
        column = columns.get(name)
        if column is None:
            column = columns[name] = np.full(n, None, dtype=object)
        column[ix] = decoded(value)[0]
    return columns
