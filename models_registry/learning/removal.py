"""What a lead's probability would be if one of its features were not known.

A Shapley value is an average over all orders in which features may become known, so it can have another sign than what
the feature does to this lead, all else being known. Here the feature takes in turn the values that it has in the
version's golden rows, each counting as often as it stands there; the mean of those probabilities is the lead's
probability without the feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix
from leads.features import Column
from models_registry.learning.kernels import compiled
from models_registry.learning.model import Model

Indices = NDArray[np.intp]


def moves(model: Model, encoded: Matrix, wanted: Sequence[tuple[int, str]]) -> Floats:
    """By how much a feature's value moves the probability, (len(wanted),), for each (row, feature) of encoded rows.

    Positive where the row is less likely to convert without it. One call of the model, whatever is wanted.
    """
    if not wanted:
        return np.empty(0)
    absent = _absent(model)
    row = np.array([row for row, _ in wanted], dtype=np.intp)
    feature = np.array([absent.place[name] for _, name in wanted], dtype=np.intp)
    varied = without(encoded, row, feature, absent.start, absent.first, absent.width, absent.offset, absent.encoded)
    return differences(model.probability(varied), feature, absent.start, absent.share)


@dataclass(frozen=True)
class _Absent:
    """For each feature of a model, the values that stand for not knowing it, one feature's after the other's.

    Per feature: `start` of its values (features + 1); the `first` of its columns in the model's matrix, and how many
    there are, `width`; and `offset` in `encoded`, where its values are as in the matrix. Per value: its `share`.
    """

    place: dict[str, int]
    start: Indices
    first: Indices
    width: Indices
    offset: Indices
    encoded: Matrix
    share: Floats

    @classmethod
    def of(cls, model: Model) -> Self:
        """From the model's golden rows."""
        others = [_others(model, feature.name) for feature in model.features]
        width = np.bincount(model.encoder.column_feature, minlength=len(others))
        first = np.cumsum(width) - width
        encoded = [
            _encoded(model, feature.name, values)[:, start : start + columns].ravel()
            for feature, (values, _), start, columns in zip(model.features, others, first, width, strict=True)
        ]
        return cls(
            {feature.name: at for at, feature in enumerate(model.features)},
            np.cumsum([0, *(len(values) for values, _ in others)]),
            first,
            width,
            np.cumsum([0, *(each.size for each in encoded[:-1])]),
            np.concatenate(encoded),
            np.concatenate([counts / counts.sum() for _, counts in others]),
        )


_known: WeakKeyDictionary[Model, _Absent] = WeakKeyDictionary()
"""A model never changes, so neither do these."""


def _absent(model: Model) -> _Absent:
    if model not in _known:
        _known[model] = _Absent.of(model)
    return _known[model]


def _encoded(model: Model, name: str, values: Column) -> Matrix:
    # The other features may have any value: only this one's columns are used.
    missing = {each.name: np.array([None if each.is_category else np.nan] * len(values)) for each in model.features}
    return model.encoder.transform(missing | {name: values})


def _others(model: Model, name: str) -> tuple[Column, Floats]:
    """The values that stand for not knowing, and how often: the golden rows' known ones, else a missing one."""
    column = model.golden.columns[name] if model.golden else np.array([np.nan])
    known = np.array([value is not None and value == value for value in column.tolist()], dtype=bool)
    if not known.any():
        return column[:1], np.ones(1)
    values, counts = np.unique(column[known], return_counts=True)
    return values, counts.astype(np.float64)


@compiled
def without(  # noqa: PLR0917 - the loops take bare arrays
    x: Matrix,
    row: Indices,
    feature: Indices,
    start: Indices,
    first: Indices,
    width: Indices,
    offset: Indices,
    encoded: Matrix,
) -> Matrix:
    """For each (row, feature) the row of x, then that row with each of the feature's other values, in turn."""
    rows = len(row)
    for each in feature:
        rows += start[each + 1] - start[each]
    varied = np.empty((rows, x.shape[1]), dtype=np.float32)
    at = 0
    for wanted in range(len(row)):
        each = feature[wanted]
        for value in range(-1, start[each + 1] - start[each]):
            varied[at] = x[row[wanted]]
            if value >= 0:
                for column in range(width[each]):
                    varied[at, first[each] + column] = encoded[offset[each] + value * width[each] + column]
            at += 1
    return varied


@compiled
def differences(probability: Floats, feature: Indices, start: Indices, share: Floats) -> Floats:
    """By how much the first probability of each feature's run is above the others' mean by their shares."""
    found = np.empty(len(feature))
    at = 0
    for wanted in range(len(feature)):
        found[wanted] = probability[at]
        at += 1
        for value in range(start[feature[wanted]], start[feature[wanted] + 1]):
            found[wanted] -= share[value] * probability[at]
            at += 1
    return found
