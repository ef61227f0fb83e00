"""The interval of a probability: how it would vary over other training samples, and how far it may be biased.

Little bags tell sampling from chance: the variance between bags is that of a model grown on half of the dossiers (which
is, to first order, that of this model over new samples) plus what comes of growing few trees a bag, W, known from the
trees within (Athey, Tibshirani and Wager 2019). Ten bags say too little of one row, so the ratio of the two is taken
over all rows; W itself, from ninety degrees of freedom, tells rows apart, and is shrunk halfway to what is usual for
such a raw score. To that comes the bias which resampling cannot show, as far as it is seen (`learning.misfit`).

Where a bag is a single learner (boosted trees, a weighted sum) there is no W, and the row's own variance between the
bags stands in its place, trusted by how much more the rows differ than ten bags would make them by chance.

Both fall short of the true distance (the misfit is a lower bound by its making). So the deviations to reach were set by
measurement, on simulated leads with known truth (`benchmarks/intervals.py`): the distance that holds nine rows of ten
is near the root of (2.3 * sampling)^2 + (2.8 * misfit)^2, for leads easy and hard to tell apart, from 1,000 on. Single
learners take 2.4: at 3,000 leads logistic regression then holds 92 of 100 in intervals half as wide as a forest's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from common.arrays import Floats
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.pointwise import bounds
from models_registry.learning.raw import Bags, Link

SAMPLING_REACH = 2.3
BAGS_REACH = 2.4
MISFIT_REACH = 2.8
LEAST_RATIO = 0.05
NOTHING = 1e-12


@dataclass(frozen=True)
class Spread:
    """The squared distance to reach from a raw score r: `own` * V + `usual` * the link's usual variance at r.

    V is the row's variance within the bags, or between them where each is a single learner.
    """

    own: float
    usual: float

    def __post_init__(self) -> None:
        if not all(np.isfinite(each) and each >= 0 for each in (self.own, self.usual)):
            raise ValueError("not a variance")

    @classmethod
    def fit(cls, bags: Bags, calibration: BetaCalibration, misfit: float) -> Self:
        """Learnt from the misfit, and from the bags' scores of rows that none of them has seen; labels are not needed.

        The misfit is in probabilities, and is taken to be the same in log-odds for all rows.
        """
        usual = bags.link.usual(bags.raw)
        slope = calibration.slope(bags.share) * bags.link.slope(bags.raw)
        bias = misfit**2 / max(float(np.mean(slope**2 * usual)), NOTHING)
        own, shared = _of_bags(bags.mean, usual) if bags.within is None else _of_trees(bags.mean, bags.within, usual)
        return cls(own, shared + MISFIT_REACH**2 * bias)

    def bounds(self, bags: Bags) -> Floats:
        """Each row's raw score, its lower and its upper bound, (3, n); shares stay within [0, 1]."""
        own = np.var(bags.mean, axis=1) if bags.within is None else bags.within
        return bounds(bags.raw, own, self.own, self.usual, bags.link is Link.IDENTITY)

    def to_json(self) -> dict[str, float]:
        """The numbers."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError."""
        return cls(float(data["own"]), float(data["usual"]))


def _of_trees(mean: Floats, within: Floats, usual: Floats) -> tuple[float, float]:
    """The factors of a row's own variance within the bags, and of the usual one."""
    # Over g, not g - 1: every dossier is in exactly half of the bags, which sets them a little more apart.
    between, among = float(np.mean(np.var(mean, axis=1))), float(np.mean(within))
    sampling = max(between - among, LEAST_RATIO * among) + among / mean.shape[1]
    own = SAMPLING_REACH**2 * sampling / 2 / among if among > 0.0 else 0.0
    return own, SAMPLING_REACH**2 * (sampling - own * among / SAMPLING_REACH**2) / max(float(np.mean(usual)), NOTHING)


def _of_bags(mean: Floats, usual: Floats) -> tuple[float, float]:
    """The factors of a row's own variance between the bags, and of the usual one, where a bag is a single learner.

    What g bags say of a row is trusted by how much of the rows' differences is more than chance would make: a variance
    from g - 1 degrees of freedom has itself the relative variance 2 / (g - 1).
    """
    ratio = np.var(mean, axis=1) / np.maximum(usual, NOTHING)
    chance = 2.0 / (mean.shape[1] - 1)
    differ, by_chance = float(np.var(ratio)), chance / (1.0 + chance) * float(np.mean(ratio**2))
    trusted = max(0.0, 1.0 - by_chance / differ) if differ > 0.0 else 0.0
    reach = BAGS_REACH**2
    return reach * trusted, reach * (1.0 - trusted) * float(np.mean(ratio))
