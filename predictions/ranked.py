"""The ranked list as other systems ask for it: a page is one statement, whose rows become answers as they are read."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from common.pagination import DEFAULT_LIMIT, Stretch
from common.prepared import Prepared


class Listed(NamedTuple):
    """A lead with its current score, and the vector of the prediction behind it where that is still kept."""

    dossier_id: int  # the lead's key
    number: int
    status: str
    source: str | None
    region: str | None
    owner: str | None
    created_at: datetime
    probability: float
    confidence: float
    expected_value: float | None
    action: str
    method: str
    model_version: str | None
    prediction_id: int | None
    scored_at: datetime
    stored_vector: Any
    packed: Any
    batch_id: int | None


OF_LEAD = ("number", "status", "source", "region", "owner", "created_at")
OF_PREDICTION = {"stored_vector": "p.vector", "packed": "p.packed", "batch_id": "p.batch_id"}
COLUMNS = ", ".join(OF_PREDICTION.get(name) or f"{'d' if name in OF_LEAD else 's'}.{name}" for name in Listed._fields)
# The prediction is looked for in the month that its moment names: of a key alone PostgreSQL would look into all months.
PAGE = """
SELECT {columns} FROM (SELECT * FROM ({branches}) AS s ORDER BY {order} LIMIT {most}) AS s
JOIN dossier d ON d.id = s.dossier_id
LEFT JOIN LATERAL (
    SELECT vector, packed, batch_id FROM ml_prediction
    WHERE id = s.prediction_id AND predicted_at = s.scored_at AND org_id = s.org_id LIMIT 1) AS p ON true
ORDER BY {order}
"""
# A step in an index each: it keeps open leads apart from decided ones, and those that tie are a stretch of their own.
BRANCH = """(
SELECT s.* FROM lead_score s {joined}
WHERE s.org_id = %(org_id)s AND s.is_decided = {is_decided} AND {conditions} ORDER BY {order} LIMIT {most})"""
CONDITIONS = {
    "action": "s.action = %(action)s",
    "min_probability": "s.probability >= %(min_probability)s",
    "min_confidence": "s.confidence >= %(min_confidence)s",
    "status": "d.status = %(status)s",
    "source": "d.source = %(source)s",
    "region": "d.region = %(region)s",
    "owner": "d.owner = %(owner)s",
}
ANY = (0.0, 0)
"""Stands for whichever row a stretch begins beyond."""
TYPES = {"org_id": "varchar", "value": "float8", "key": "bigint"}


@dataclass(frozen=True)
class Ranking:
    """The organisation's scored leads that meet the conditions, for `Keyset.page`: open ones, or decided ones, too."""

    org_id: str
    conditions: Mapping[str, Any]
    with_decided: bool = False

    def read(self, stretch: Stretch) -> list[Listed]:
        """The leads of a stretch. One statement."""
        value, key = stretch.beyond or (None, None)
        query = {**self.conditions, "org_id": self.org_id, "value": value, "key": key}
        shape = replace(stretch, beyond=None if stretch.beyond is None else ANY)
        statement = _statement(shape, frozenset(self.conditions), self.with_decided)
        return [_listed(row) for row in statement.rows(query)]


@functools.lru_cache(maxsize=256)
def _statement(shape: Stretch, conditions: frozenset[str], with_decided: bool) -> Prepared:
    """What reads a stretch like this.

    Only what is asked for most is planned once: with conditions the best plan depends on their values, and each
    connection would keep a plan for each limit.
    """
    order = f"s.{shape.field} {_way(shape.falls)}, s.{shape.tie} {_way(shape.tie_falls)}"
    branches = [
        BRANCH.format(
            joined="JOIN dossier d ON d.id = s.dossier_id" if conditions.intersection(OF_LEAD) else "",
            is_decided=is_decided,
            conditions=" AND ".join([where, *(CONDITIONS[name] for name in sorted(conditions))]),
            order=order,
            most=shape.most,
        )
        for is_decided in ("false", "true")[: 1 + with_decided]
        for where in _wheres(shape)
    ]
    page = PAGE.format(columns=COLUMNS, branches=" UNION ALL ".join(branches), order=order, most=shape.most)
    types = TYPES if shape.beyond else {"org_id": TYPES["org_id"]}
    return Prepared(page, types, is_kept=not conditions and shape.most == DEFAULT_LIMIT + 1)


def _wheres(shape: Stretch) -> list[str]:
    """Those that tie with the row to go beyond and those that do not; all that are scored where there is none."""
    if shape.beyond is None:
        return [f"s.{shape.field} IS NOT NULL"]
    further, next_key = ("<" if falls else ">" for falls in (shape.falls, shape.tie_falls))
    return [f"s.{shape.field} = %(value)s AND s.{shape.tie} {next_key} %(key)s", f"s.{shape.field} {further} %(value)s"]


def _way(falls: bool) -> str:
    return "DESC" if falls else "ASC"


def _listed(row: Iterable[Any]) -> Listed:
    listed = Listed._make(row)
    # As Django does, the driver leaves JSON as a text.
    return listed if listed.stored_vector is None else listed._replace(stored_vector=json.loads(listed.stored_vector))
