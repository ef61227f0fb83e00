"""How far a probability would move had the training data been another sample.

Little bags tell sampling from chance: the variance between bags is that of a model grown on half of the dossiers (which
is, to first order, that of this model over new samples) plus what comes of growing few trees a bag, W, known from the
trees within (Athey, Tibshirani and Wager 2019). Ten bags say too little of one row, so the ratio of the two is taken
over all rows; W itself, from ninety degrees of freedom, tells rows apart, and is shrunk halfway to what is usual for
such a raw score.

That holds the spread of the model but not its bias, which no resampling shows: REACH is widened from the normal 1.645
until intervals hold the *true* probability for nine rows of ten on simulated leads (`benchmarks/intervals.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models_registry.learning.raw import Bags

Floats = NDArray[np.float64]

REACH = 2.6
LEAST_RATIO = 0.05


@dataclass(frozen=True)
class Spread:
    """Variance of a raw score r: `own` * W + `usual` * r (1 - r). Two numbers, and how many deviations to reach."""

    own: float
    usual: float
    reach: float = REACH

    def __post_init__(self) -> None:
        if not all(np.isfinite(each) and each >= 0 for each in (self.own, self.usual, self.reach)):
            raise ValueError("not a variance")

    @classmethod
    def fit(cls, bags: Bags) -> Self:
        """Learnt from the bags' scores of rows that none of them has seen; their labels are not needed."""
        # Over g, not g - 1: every dossier is in exactly half of the bags, which sets them a little more apart.
        between = float(np.mean(np.var(bags.mean, axis=1)))
        within = float(np.mean(bags.within))
        if within <= 0.0:
            return cls(0.0, between / max(float(np.mean(_usual(bags.raw))), 1e-12))
        ratio = max((between - within) / within, LEAST_RATIO) + 1.0 / bags.mean.shape[1]
        return cls(ratio / 2, ratio / 2 * within / max(float(np.mean(_usual(bags.raw))), 1e-12))

    def bounds(self, bags: Bags) -> tuple[Floats, Floats]:
        """Lower and upper raw scores of each row, (n,) each, within [0, 1]."""
        raw = bags.raw
        deviation = self.reach * np.sqrt(self.own * bags.within + self.usual * _usual(raw))
        return np.clip(raw - deviation, 0.0, 1.0), np.clip(raw + deviation, 0.0, 1.0)

    def to_json(self) -> dict[str, float]:
        """The numbers."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError."""
        return cls(float(data["own"]), float(data["usual"]), float(data["reach"]))


def _usual(raw: Floats) -> Floats:
    return np.asarray(raw * (1.0 - raw))
