"""Between feature columns and the values that a stored vector, or a caller's JSON, holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from leads.features import Column, Columns, Feature


def columns_from(features: Iterable[Feature], rows: Sequence[Mapping[str, Any]]) -> Columns:
    """The features' columns of rows of named values; what a row does not name is missing."""
    return {feature.name: _column(feature, [row.get(feature.name) for row in rows]) for feature in features}


def _column(feature: Feature, values: list[Any]) -> Column:
    if feature.is_category:
        return np.array(values, dtype=object)
    return np.array([np.nan if value is None else float(value) for value in values], dtype=float)


def values_of(feature: Feature, column: Column) -> list[Any]:
    """A column as JSON shows it: missing is null, whole numbers have no point."""
    if feature.is_category:
        return list(column)
    return [None if value != value else int(value) if value.is_integer() else value for value in column.tolist()]
