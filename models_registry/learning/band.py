"""Whether probabilities are calibrated as far as chance lets one see: in the large, and by the calibration error.

Rows of one lead share its outcome: they count as one, by their weights.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from common.arrays import Bools, Floats
from models_registry.learning.evaluation import BINS

ALPHA = 0.01
"""Of models that keep their word, so many leave either band by chance."""
DRAWS = 1_000


@dataclass(frozen=True)
class Band:
    """The mean predicted and the observed rate, the calibration error, and what of both chance explains."""

    dossiers: int
    foretold: float
    came_true: float
    z: float
    """How many standard deviations more came true than foretold."""
    p: float
    """Two-sided: how often chance alone leads so far from what was foretold."""
    error: float
    """The calibration error, over bins of equal mass."""
    error_high: float
    """What it stays below in 99 of 100 cases where every probability is true."""
    alpha: float = ALPHA

    @property
    def holds(self) -> bool:
        """Whether chance explains both."""
        return self.p >= self.alpha and self.error <= self.error_high

    @property
    def words(self) -> str:
        """In a sentence."""
        figures = (
            f"Of {self.dossiers:,} leads {self.foretold:.1%} were expected to convert and {self.came_true:.1%} did "
            f"(p = {self.p:.2g}); calibration error {self.error:.3f}, of which chance explains {self.error_high:.3f}"
        )
        return f"{figures}: within the band." if self.holds else f"{figures}: outside the band."

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"holds": self.holds}


def band_of(
    probability: Floats,
    converted: Bools,
    weight: Floats,
    dossier: NDArray[np.int64],
    *,
    seed: int,
    alpha: float = ALPHA,
) -> Band:
    """The band of n rows, all (n,). The calibration error's is simulated: each lead's fate drawn by its probabilities.

    Raises ValueError where there are no rows.
    """
    if len(probability) == 0:
        raise ValueError("there are no rows to measure on")
    dossiers, place = np.unique(dossier, return_inverse=True)
    z = _in_the_large(probability, converted, weight, place)
    chance, drawn = np.random.default_rng(seed), np.empty(DRAWS)
    error_of = _Error(probability, weight)
    for draw in range(DRAWS):
        drawn[draw] = error_of(chance.random(len(dossiers))[place] < probability)
    return Band(
        dossiers=len(dossiers),
        foretold=float(np.average(probability, weights=weight)),
        came_true=float(np.average(converted, weights=weight)),
        z=z,
        p=float(2 * ndtr(-abs(z))),
        error=error_of(converted),
        error_high=float(np.quantile(drawn, 1 - alpha)),
        alpha=alpha,
    )


def _in_the_large(probability: Floats, converted: Bools, weight: Floats, place: NDArray[np.intp]) -> float:
    """Spiegelhalter's idea, a lead at a time: its weighted surplus over the deviation that its mean probability has."""
    mass = np.bincount(place, weights=weight)
    mean = np.bincount(place, weights=weight * probability) / mass
    surplus = float(np.sum(weight * (converted - probability)))
    return surplus / float(np.sqrt(np.sum(mass**2 * mean * (1 - mean))))


class _Error:
    """The calibration error of `evaluation.calibration_error`, for many outcomes of the same probabilities."""

    def __init__(self, probability: Floats, weight: Floats) -> None:
        order = np.argsort(probability, kind="stable")
        mass = weight[order]
        place = np.minimum(((np.cumsum(mass) - mass / 2) / mass.sum() * BINS).astype(np.int64), BINS - 1)
        self._place = np.empty(len(order), dtype=np.int64)
        self._place[order] = place
        self._probability, self._weight, self._mass = probability, weight, float(mass.sum())

    def __call__(self, converted: Bools) -> float:
        gap = np.bincount(self._place, weights=self._weight * (self._probability - converted), minlength=BINS)
        return float(np.abs(gap).sum() / self._mass)
