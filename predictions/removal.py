"""What a lead's probability would be without what one feature tells. Pure.

The Shapley value of a feature is an average over all orders in which features may become known, so it can have another
sign than what the feature does to this lead, all else being known. Here the feature takes, one after the other, the
values that it has in the version's golden rows, each counting as often as it stands there; the mean of the
probabilities is what is left without it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leads.features import Column, Columns
from models_registry.learning.model import Model

Floats = NDArray[np.float64]


def moves(model: Model, columns: Columns, wanted: Sequence[tuple[int, str]]) -> Floats:
    """By how much a feature's value moves the probability, (len(wanted),), for each (row, feature) of the columns.

    Positive where the row is less likely to convert without it. One call of the model, whatever is wanted.
    """
    if not wanted:
        return np.empty(0)
    others, counts = zip(*(_others(model, feature) for _, feature in wanted), strict=True)
    sizes = [1 + len(each) for each in others]
    rows = np.repeat([row for row, _ in wanted], sizes)
    starts = np.cumsum([0, *sizes[:-1]])
    varied = {feature.name: columns[feature.name][rows] for feature in model.features}
    for (_, feature), values, start in zip(wanted, others, starts, strict=True):
        varied[feature][start + 1 : start + 1 + len(values)] = values
    probability = model.score(varied, contributions=False).probability
    share = np.concatenate([[0.0, *(each / each.sum())] for each in counts])
    return np.asarray(probability[starts] - np.add.reduceat(share * probability, starts))


def _others(model: Model, feature: str) -> tuple[Column, Floats]:
    """The values that stand for not knowing, and how often: the golden rows' known ones, else a missing one."""
    column = model.golden.columns[feature] if model.golden else np.array([np.nan])
    known = np.array([value is not None and value == value for value in column.tolist()], dtype=bool)
    if not known.any():
        return column[:1], np.ones(1)
    values, counts = np.unique(column[known], return_counts=True)
    return values, counts.astype(np.float64)
