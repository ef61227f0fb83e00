"""Design matrices of linear models and small networks: columns as standardised, piecewise linear terms.

A term reads one column: clipped to the range seen in training, the logarithm taken of skewed amounts, centred and
scaled. A number with enough values also gets a term for each stretch between its quantiles (a linear spline), so that a
weighted sum of its terms is any broken line that is level outside the range seen in training. A share is read as
log-odds, without a spline and without being clipped to that range: a rate that moves further than ever before moves the
score as far.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix

DTYPES = {
    "column": np.uint32,
    "logged": np.uint8,
    "low": np.float64,
    "high": np.float64,
    "mean": np.float64,
    "scale": np.float64,
}
STRETCHES = 6
LEAST_VALUES = 8
"""A number with fewer values is not bent."""
SKEWED = 1.5
SWITCH = 0.4
"""Yes and no are so many scales apart: a switch is held back less than a number."""
AS_IT_IS, LOGARITHM, LOG_ODDS = 0, 1, 2
"""How a term reads its column: x, log(1 + x), or log(x / (1 - x)) of a share."""
LEAST_SHARE = 1e-3
"""Shares nearer to 0 or 1 than this are read as this near: log-odds of ±6.9."""
FURTHEST_OUT = 1e-3
FURTHEST = 1e6
"""No term of a sound design is larger."""


class BadDesign(ValueError):
    """The arrays do not make a design."""


@dataclass(frozen=True, eq=False)
class Design:
    """k terms over so many columns; term j is (clip(t(x[column j]), low j, high j) - mean j) / scale j.

    t is one of three, by `logged`: AS_IT_IS, LOGARITHM or LOG_ODDS. Terms have mean 0 over the training rows. Raises
    BadDesign where the figures could not have been learnt.
    """

    columns: int
    column: NDArray[np.uint32]
    logged: NDArray[np.uint8]
    low: Floats
    high: Floats
    mean: Floats
    scale: Floats

    def __post_init__(self) -> None:
        for name, dtype in DTYPES.items():
            array = np.array(getattr(self, name), dtype=dtype, order="C")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        _check(self)

    @classmethod
    def fit(cls, x: Matrix, weight: Floats, *, bent: bool, shares: NDArray[np.bool_] | None = None) -> Self:
        """Learns the terms of the columns of x (n, columns); with `bent`, also those of the spline.

        `shares` (columns,) tells which columns are shares from 0 to 1; None means that none is. Where no column varies,
        as in an early part of the past, the design is one term that is 0 for each row like these.
        """
        shares = np.zeros(x.shape[1], dtype=bool) if shares is None else shares
        parts = [
            part
            for at in range(x.shape[1])
            for part in (_share(at, x[:, at], weight) if shares[at] else _terms(at, x[:, at], weight, bent=bent))
        ]
        column, logged, low, high, mean, scale = zip(*(parts or [_nothing(x)]), strict=True)
        return cls(x.shape[1], *map(np.array, (column, logged, low, high, mean, scale)))

    def __len__(self) -> int:
        return len(self.column)

    def terms(self, x: Matrix) -> Floats:
        """The terms of the rows of x, (n, k)."""
        values = x[:, self.column].astype(np.float64)
        logged, shares = self.logged == LOGARITHM, self.logged == LOG_ODDS
        values[:, logged] = np.log1p(np.maximum(values[:, logged], 0.0))
        values[:, shares] = _log_odds(values[:, shares])
        return np.asarray((np.clip(values, self.low, self.high) - self.mean) / self.scale)

    def by_column(self, parts: Floats) -> Floats:
        """Parts of terms (n, k) summed to their columns, (n, columns)."""
        sums = np.zeros((len(parts), self.columns))
        for at, column in enumerate(self.column):
            sums[:, column] += parts[:, at]
        return sums

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that `Design(columns, **arrays)` takes."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name in DTYPES}


_Term = tuple[int, int, float, float, float, float]


def _nothing(x: Matrix) -> _Term:
    same = float(x[0, 0])
    return 0, AS_IT_IS, same, same, same, 1.0


def _share(at: int, column: Matrix, weight: Floats) -> list[_Term]:
    values = _log_odds(column.astype(np.float64))
    low, high = _log_odds(np.array([0.0, 1.0]))
    mean = float(np.average(values, weights=weight))
    deviation = float(np.sqrt(np.average((values - mean) ** 2, weights=weight)))
    return [(at, LOG_ODDS, float(low), float(high), mean, deviation)] if values.min() < values.max() else []


def _log_odds(share: Floats) -> Floats:
    share = np.clip(share, LEAST_SHARE, 1.0 - LEAST_SHARE)
    return np.asarray(np.log(share) - np.log1p(-share))


def _terms(at: int, column: Matrix, weight: Floats, *, bent: bool) -> list[_Term]:
    values = column.astype(np.float64)
    distinct = np.unique(values)
    if len(distinct) == 2:
        # Yes or no: an effect of one unit for all, rare or frequent.
        low, high = (float(each) for each in distinct)
        return [(at, AS_IT_IS, low, high, float(np.average(values, weights=weight)), SWITCH * (high - low))]
    logged = LOGARITHM if _is_skewed(values) else AS_IT_IS
    values = np.log1p(values) if logged else values

    def term(low: float, high: float) -> _Term:
        clipped = np.clip(values, low, high)
        mean = float(np.average(clipped, weights=weight))
        deviation = float(np.sqrt(np.average((clipped - mean) ** 2, weights=weight)))
        return at, logged, float(low), float(high), mean, deviation

    low, high = np.quantile(values, [FURTHEST_OUT, 1.0 - FURTHEST_OUT])
    if low == high:
        low, high = values.min(), values.max()
    terms = [term(low, high)]
    if bent and len(distinct) >= LEAST_VALUES:
        knots = np.unique(np.quantile(values, np.linspace(0.0, 1.0, STRETCHES + 1)).clip(low, high))
        stretches = list(itertools.pairwise(knots)) if len(knots) > 2 else []
        terms += [term(a, b) for a, b in stretches]
    return [each for each in terms if each[-1] > 0.0]


def _is_skewed(values: Floats) -> bool:
    """Whether these are amounts (not negative, some above 2) with a long tail to the right."""
    if values.min() < 0.0 or values.max() <= 2.0:
        return False
    deviation = float(values.std())
    return deviation > 0.0 and float(np.mean(((values - values.mean()) / deviation) ** 3)) > SKEWED


def _check(design: Design) -> None:
    k = len(design.column)
    if k == 0 or any(getattr(design, name).shape != (k,) for name in DTYPES):
        raise BadDesign("the arrays differ in length, or are empty")
    if np.any(design.column >= design.columns) or np.any(design.logged > LOG_ODDS):
        raise BadDesign("a term is of a column that does not exist, or reads it in no known way")
    if not np.all(np.isfinite([design.low, design.high, design.mean, design.scale])):
        raise BadDesign("a figure is not a number")
    if np.any(design.low > design.high) or np.any(design.scale <= 0.0):
        raise BadDesign("a range or scale is not positive")
    with np.errstate(over="ignore"):
        reach = np.abs(np.array([design.low, design.high]) - design.mean) / design.scale
    if not np.all(reach <= FURTHEST):
        raise BadDesign("a term has no bounds")
