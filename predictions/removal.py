"""What a lead's probability would be without what one feature tells. Pure.

The Shapley value of a feature is an average over all orders in which features may become known, so it can have another
sign than what the feature does to this lead, all else being known. Here the feature takes, one after the other, the
values that it has in the version's golden rows, each counting as often as it stands there; the mean of the
probabilities is what is left without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from leads.features import Column
from models_registry.learning.model import Model

Floats = NDArray[np.float64]


def moves(model: Model, encoded: NDArray[np.float32], wanted: Sequence[tuple[int, str]]) -> Floats:
    """By how much a feature's value moves the probability, (len(wanted),), for each (row, feature) of encoded rows.

    Positive where the row is less likely to convert without it. One call of the model, whatever is wanted.
    """
    if not wanted:
        return np.empty(0)
    others = [_absence(model, feature) for _, feature in wanted]
    sizes = [len(each.share) for each in others]
    starts = np.cumsum([0, *sizes[:-1]])
    varied = encoded[np.repeat([row for row, _ in wanted], sizes)]
    for each, start, size in zip(others, starts.tolist(), sizes, strict=True):
        varied[start + 1 : start + size, each.place] = each.encoded
    probability = model.probability(varied)
    share = np.concatenate([each.share for each in others])
    return np.asarray(probability[starts] - np.add.reduceat(share * probability, starts))


@dataclass(frozen=True)
class _Absence:
    """The k values that stand for not knowing a feature: as the model's matrix has them, (k, width), where it has them,
    and each one's share, (1 + k,), after that of the value that is known, which is 0."""

    encoded: NDArray[np.float32]
    place: slice
    share: Floats


_absences: WeakKeyDictionary[Model, dict[str, _Absence]] = WeakKeyDictionary()
"""A model never changes, so neither do these."""


def _absence(model: Model, feature: str) -> _Absence:
    known = _absences.setdefault(model, {})
    if feature not in known:
        known[feature] = _absence_of(model, feature)
    return known[feature]


def _absence_of(model: Model, feature: str) -> _Absence:
    values, counts = _others(model, feature)
    # Of the other features any value will do: only this one's columns are taken.
    missing = {each.name: np.array([None if each.is_category else np.nan] * len(values)) for each in model.features}
    at = [each.name for each in model.features].index(feature)
    first, end = np.searchsorted(model.encoder.column_feature, [at, at + 1]).tolist()
    encoded = model.encoder.transform(missing | {feature: values})[:, first:end]
    return _Absence(encoded, slice(first, end), np.concatenate([[0.0], counts / counts.sum()]))


def _others(model: Model, feature: str) -> tuple[Column, Floats]:
    """The values that stand for not knowing, and how often: the golden rows' known ones, else a missing one."""
    column = model.golden.columns[feature] if model.golden else np.array([np.nan])
    known = np.array([value is not None and value == value for value in column.tolist()], dtype=bool)
    if not known.any():
        return column[:1], np.ones(1)
    values, counts = np.unique(column[known], return_counts=True)
    return values, counts.astype(np.float64)
