"""Whether the vectors that were stored with predictions can be rebuilt from the tables, bit for bit.

A vector that cannot was made from something that the tables do not hold for that moment any more: a history rewritten
by hand, an event whose time of recording was changed. What is learnt from such a past was not what scoring saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from leads import snapshots
from leads.catalogue import columns_of, definition_of
from leads.features import Feature, Kind
from leads.models import Organisation
from models_registry.models import ModelVersion
from predictions.models import Prediction
from predictions.vectors import rows_from

Row = dict[str, Any]

# The next prediction at or after each of so many keys, spread evenly from the first to the last.
SPREAD = """
WITH reach AS (
    SELECT min(id) AS first, max(id) AS last, least(%(sample)s, coalesce(max(id) - min(id) + 1, 0))::bigint AS steps
    FROM ml_prediction WHERE org_id = %(org_id)s AND dossier_id IS NOT NULL
)
SELECT DISTINCT p.id FROM reach CROSS JOIN generate_series(0, steps - 1) AS step CROSS JOIN LATERAL (
    SELECT id FROM ml_prediction
    WHERE org_id = %(org_id)s AND dossier_id IS NOT NULL
      AND id >= first + (last - first) * step / greatest(steps - 1, 1)
    ORDER BY id LIMIT 1
) AS p
"""


@dataclass(frozen=True)
class Replayed:
    """Of `rows` predictions, `identical` were rebuilt bit for bit; `differing` says how often each feature was not."""

    rows: int
    identical: int
    differing: dict[str, int]

    @property
    def words(self) -> str:
        """ "997 of 1,000 rows identical"."""
        return f"{self.identical:,} of {self.rows:,} rows identical"


def replay(org_id: str, sample: int) -> Replayed:
    """Rebuilds the vectors of up to `sample` predictions of leads, spread evenly over all that were ever stored.

    Each is read as of its own moment: what had occurred and was recorded by then. Predictions made from a caller's own
    features have nothing to be rebuilt from.
    """
    org, wrong, rows = Organisation.get(org_id), Counter[str](), 0
    identical = 0
    for version, predictions in _by_version(org_id, sample).items():
        features = _features(version, predictions)
        for row, rebuilt in zip(predictions, _rebuilt(org, features, predictions), strict=True):
            differing = [name for name, value in row.inputs.items() if rebuilt[name] != value]
            rows, identical = rows + 1, identical + (not differing)
            wrong.update(differing)
    return Replayed(rows, identical, dict(wrong.most_common()))


def _rebuilt(org: Organisation, features: Sequence[Feature], rows: Sequence[Prediction]) -> list[Row]:
    read = snapshots.take(org, [row.dossier_id or 0 for row in rows], [row.as_of for row in rows])
    return rows_from(features, columns_of(read, features))


def _features(version: ModelVersion | None, rows: Sequence[Prediction]) -> tuple[Feature, ...]:
    """What the version read; for the rules, what the vectors name."""
    if version is not None:
        return tuple(Feature.from_json(each) for each in version.features)
    known = {name: value for row in rows for name, value in row.inputs.items() if value is not None}
    names = dict.fromkeys(name for row in rows for name in row.inputs)
    kinds = {name: Kind.CATEGORY if isinstance(known.get(name), str) else Kind.NUMERIC for name in names}
    return tuple(definition_of(Feature(name, kind, "", "")).feature for name, kind in kinds.items())


def _by_version(org_id: str, sample: int) -> dict[ModelVersion | None, list[Prediction]]:
    rows = Prediction.objects.filter(pk__in=_spread(org_id, sample)).order_by("pk")
    versions = {row.version: row for row in ModelVersion.objects.of(org_id).only("id", "version", "features")}
    found: dict[ModelVersion | None, list[Prediction]] = {}
    for row in rows:
        found.setdefault(versions.get(row.model_version or ""), []).append(row)
    return found


def _spread(org_id: str, sample: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(SPREAD, {"org_id": org_id, "sample": sample})
        return [key for (key,) in cursor.fetchall()]
