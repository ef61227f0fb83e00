"""Conversion between feature columns and the values of a stored vector or a caller's JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leads.features import Column, Columns, Feature

EXACT = 2.0**53
"""Below it a float holds every whole number; beyond, more digits would be shown than are known, or can be stored."""


def columns_from(features: Iterable[Feature], rows: Sequence[Mapping[str, Any]]) -> Columns:
    """The features' columns of rows of named values; what a row does not name is missing, and so is a blank text."""
    return {feature.name: _column(feature, [row.get(feature.name) for row in rows]) for feature in features}


def _column(feature: Feature, values: list[Any]) -> Column:
    if not feature.is_category:
        return np.array(values, dtype=np.float64)
    return np.array([value if value and value.strip() else None for value in values], dtype=object)


def as_stored(value: Any) -> Any:
    """A value as it was before the database wrote out all digits of a large number, of which not all are known."""
    return float(value) if isinstance(value, int) and not -EXACT < value < EXACT else value


def rows_from(features: Iterable[Feature], columns: Columns) -> list[dict[str, Any]]:
    """The inverse: each row's values by their features' names."""
    names = [feature.name for feature in features]
    return [dict(zip(names, values, strict=True)) for values in rows_of(names, columns)]


def rows_of(names: Iterable[str], columns: Columns) -> list[list[Any]]:
    """Each row's values of the named features, as JSON shows them: missing is null, whole numbers have no point
    where each digit of them is known."""
    # Inlined: a function call for each of a row's values would cost a request more than scoring it.
    return [
        [
            None
            if value != value
            else int(value)
            if isinstance(value, float) and -EXACT < value < EXACT and value.is_integer()
            else value
            for value in row
        ]
        for row in zip(*(columns[name].tolist() for name in names), strict=True)
    ]


def vectors_of(
    names: Sequence[str], rows: Sequence[Sequence[Any]], parts: NDArray[np.float64]
) -> Iterator[list[list[Any]]]:
    """Of each row, [feature, value, contribution] for every feature, largest contribution, (rows, k), first."""
    # For all rows at once: a numpy call costs more than its arithmetic on one row.
    for values, shares, largest in zip(rows, parts.tolist(), largest_first(parts).tolist(), strict=True):
        yield [[names[at], values[at], shares[at]] for at in largest]


def first_of_vectors(
    names: Sequence[str], columns: Columns, parts: NDArray[np.float64], *, most: int, least: float
) -> Iterator[list[list[Any]]]:
    """Of each row, the first `most` entries of its vector whose value is known and whose part is at least `least`.

    So much as a list shows, for a fraction of the work that whole vectors take.
    """
    values = [columns[name].tolist() for name in names]
    known = np.array([[value is not None and value == value for value in column] for column in values], dtype=bool).T
    size = np.where(known, np.abs(parts), -1.0)
    for row, largest in enumerate(np.argsort(-size, axis=-1, kind="stable")[:, :most].tolist()):
        yield [[names[at], as_json(values[at][row]), float(parts[row, at])] for at in largest if size[row, at] >= least]


def as_json(value: Any) -> Any:
    """A feature's value, as `rows_of` gives many."""
    if value != value:
        return None
    return int(value) if isinstance(value, float) and -EXACT < value < EXACT and value.is_integer() else value


def largest_first(parts: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places of the contributions, (..., k), by their size either way; of equal ones as they stand."""
    return np.argsort(-np.abs(parts), axis=-1, kind="stable")
