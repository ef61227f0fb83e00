"""What the rules make of a typical lead: to see at once what a change of weights does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leads import snapshots
from leads.catalogue import columns_of
from leads.features import Columns, Feature
from leads.models import Dossier, Organisation
from models_registry.learning.rules import Rule, Rules
from models_registry.scorers import rules_of

NEWEST = 200
"""A typical lead is the median of so many: the newest undecided ones."""


@dataclass(frozen=True)
class Example:
    """A typical lead's probability now, in points, and (feature, value, points) for each feature of the rules."""

    leads: int
    points: float
    base_points: float
    parts: list[tuple[str, Any, float]]


def typical_lead(org: Organisation, table: Sequence[Rule] | None = None) -> Example | None:
    """The median of each feature over the newest undecided leads, scored by the organisation's rules or by `table`.

    None without leads.
    """
    undecided = Dossier.objects.of(org.org_id).open().order_by("-created_at")
    newest = list(undecided.values_list("pk", "created_at")[:NEWEST])
    if not newest:
        return None
    rules, now = Rules(tuple(table) if table is not None else rules_of(org.org_id)), org.now()
    read = snapshots.take(org, [pk for pk, _ in newest], [max(now, created_at) for _, created_at in newest])
    columns = _typical(rules.features, columns_of(read, rules.features))
    scores = rules.score(columns)
    parts = zip(rules.features, scores.contributions[0].tolist(), strict=True)
    return Example(
        leads=len(newest),
        points=round(100 * float(scores.probability[0]), 1),
        base_points=round(100 * float(scores.base), 1),
        parts=[(feature.name, _plain(columns[feature.name][0]), 100 * part) for feature, part in parts],
    )


def _typical(features: tuple[Feature, ...], columns: Columns) -> Columns:
    return {
        feature.name: _commonest(columns[feature.name]) if feature.is_category else _median(columns[feature.name])
        for feature in features
    }


def _median(column: Any) -> Any:
    known = column[~np.isnan(column)]
    return np.array([np.quantile(known, 0.5, method="nearest") if len(known) else np.nan])


def _commonest(column: Any) -> Any:
    known = [value for value in column.tolist() if value is not None]
    return np.array([max(set(known), key=known.count) if known else None], dtype=object)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value
