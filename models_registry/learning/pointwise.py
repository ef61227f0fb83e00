"""What is computed for each row's score by itself, as compiled loops.

A request has one row, and on arrays of one element numpy's calls take many times as long as the arithmetic. A loop that
does everything is one call, and no slower than numpy for many rows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix
from models_registry.learning.kernels import Nodes, compiled, inlined

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]
EDGE = 1e-9
"""No probability is nearer to 0 or 1 than this."""


@inlined
def _squeezed(share: float, clip: float) -> float:
    return clip + (1.0 - 2.0 * clip) * min(max(share, 0.0), 1.0)


@inlined
def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


@compiled
def beta(raw: Floats, a: float, b: float, c: float, clip: float) -> Floats:
    """The beta map's probability of each raw score, (n,): see `calibration.BetaCalibration`."""
    probability = np.empty(len(raw))
    for row in range(len(raw)):
        s = _squeezed(raw[row], clip)
        probability[row] = EDGE + (1.0 - 2.0 * EDGE) * _expit(a * math.log(s) - b * math.log1p(-s) + c)
    return probability


@compiled
def bounds(raw: Floats, variance: Floats, own: float, usual: float, are_shares: bool) -> Floats:
    """Each raw score, and its lower and upper bound, (3, n), by its own variance: see `interval.Spread`."""
    found = np.empty((3, len(raw)))
    for row in range(len(raw)):
        score = raw[row]
        distance = math.sqrt(own * variance[row] + usual * (score * (1.0 - score) if are_shares else 1.0))
        found[0, row], found[1, row], found[2, row] = score, score - distance, score + distance
        if are_shares:
            found[1, row], found[2, row] = min(max(found[1, row], 0.0), 1.0), min(max(found[2, row], 0.0), 1.0)
    return found


@compiled
def by_feature(values: Floats, feature: Nodes, features: int, stretch: Floats) -> Floats:
    """Values of columns (n, columns) summed to their features (columns,), times each row's stretch: (n, features)."""
    sums = np.zeros((len(values), features))
    for row in range(len(values)):
        for column in range(len(feature)):
            sums[row, feature[column]] += values[row, column]
        for each in range(features):
            sums[row, each] *= stretch[row]
    return sums


@compiled
def encode_numbers(  # noqa: PLR0917 - the loops take bare arrays
    values: Floats,
    feature: Nodes,
    median: Floats,
    column: Indices,
    indicator: Indices,
    largest: float,
    matrix: Matrix,
    missing: Flags,
) -> None:
    """Fills in what k features (k, n) are in a model's matrix, (n, columns), and which are missing, (n, features).

    Per feature: its place among all, the median for a missing value, the column of its value and of whether it was
    missing (-1: it has none). No value is larger than `largest`, either way.
    """
    for each in range(len(values)):
        for row in range(len(matrix)):
            value = values[each, row]
            absent = np.isnan(value)
            missing[row, feature[each]] = absent
            if column[each] >= 0:
                known = median[each] if absent else value
                matrix[row, column[each]] = min(max(known, -largest), largest)
            if indicator[each] >= 0:
                matrix[row, indicator[each]] = absent
