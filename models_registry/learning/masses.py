"""Quantile bins by weight: rows in the order of their scores, cut into parts of equal mass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats


def equal_masses(score: Floats, weight: Floats, parts: int) -> NDArray[np.int64]:
    """The bin of each row, (n,), 0 for the lowest scores: the one in which the middle of the row's mass lies."""
    order = np.argsort(score, kind="stable")
    mass = weight[order]
    place = np.empty(len(score), dtype=np.int64)
    place[order] = np.minimum(((np.cumsum(mass) - mass / 2) / mass.sum() * parts).astype(np.int64), parts - 1)
    return place


def sums(place: NDArray[np.int64], values: Floats, parts: int) -> Floats:
    """The values summed by part, (parts,)."""
    return np.bincount(place, weights=values, minlength=parts).astype(np.float64)
