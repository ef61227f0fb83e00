"""The result of scoring, and the interface of what can score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.features import Columns, Feature


@dataclass(frozen=True)
class Scores:
    """n scored rows over k features.

    `probability`, and the bounds `low` and `high` of its interval (nominal 90 %), are (n,), with low <= probability <=
    high. `contributions` is (n, k) in the order of the scorer's features, and `base` + a row's contributions is its
    probability to 1e-9; (0, k) where they were not asked for. `imputed` (n, k) says which inputs were missing.
    """

    probability: Floats
    low: Floats
    high: Floats
    base: float
    contributions: Floats
    imputed: NDArray[np.bool_]
    encoded: NDArray[np.float32] | None = None
    """The rows as the model's encoder has them, (n, its columns); None of the rules."""

    @property
    def confidence(self) -> Floats:
        """1 less the width of the interval, (n,)."""
        return np.asarray(1.0 - (self.high - self.low))


class Scorer(Protocol):
    """A model or the rules."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """What it reads, in the order of the contributions."""

    def score(self, columns: Columns, *, contributions: bool = True) -> Scores:
        """Scores the n rows of the features' columns. Raises KeyError where one of them is not there."""
