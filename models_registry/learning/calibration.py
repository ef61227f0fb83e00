"""From raw scores to calibrated probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from common.arrays import Floats
from models_registry.learning.pointwise import EDGE, beta

CLIP = 1e-3
"""Raw scores in [0, 1] are squeezed into [CLIP, 1 - CLIP] first: logarithms stay finite, and the order is kept."""
STEEPEST, FLATTEST = 8.0, 0.05
PARAMETERS = 3
"""A map must raise the log-likelihood by more than it has numbers (Akaike), else raw scores stay as they are."""
PRIOR_SPREAD, PRIOR_SHIFT, PRIOR_SKEW = 1.0, 2.0, 0.5
"""Standard deviations of the prior: of a and b about 1, of c about the base rate's logit, of a - b about 0."""


@dataclass(frozen=True)
class BetaCalibration:
    """The beta map (Kull, Silva Filho and Flach 2017): logit p = a ln s - b ln(1 - s) + c, with a, b > 0.

    Strictly increasing, and three numbers in all.
    """

    a: float
    b: float
    c: float
    clip: float = CLIP

    def __post_init__(self) -> None:
        if not (self.a > 0 and self.b > 0 and np.isfinite([self.a, self.b, self.c]).all() and 0 < self.clip < 0.5):
            raise ValueError("not an increasing calibration")

    @classmethod
    def fit(cls, raw: Floats, converted: NDArray[np.bool_], weight: Floats) -> Self:
        """The map for out-of-sample raw scores in [0, 1], each row counting by its weight. All (n,).

        Maximum a posteriori under a mild prior: that a and b are near 1 and near each other (Platt's map on the logit),
        and that the mean is the smoothed base rate. A few hundred outcomes outweigh it, a handful do not.
        """
        log_s, log_rest = logs(raw, CLIP)
        positive, total = float(weight[converted].sum()), float(weight.sum())
        rate = np.log((positive + 1) / (total - positive + 1))
        sign = np.where(converted, 1.0, -1.0)

        def loss(theta: Floats) -> tuple[float, Floats]:
            a, b, c = theta
            margin = sign * (a * log_s - b * log_rest + c)
            pull = -weight * sign * expit(-margin)
            value = float(np.sum(weight * np.logaddexp(0.0, -margin)))
            gradient = np.array([np.sum(pull * log_s), -np.sum(pull * log_rest), np.sum(pull)])
            prior, prior_gradient = _prior(theta, rate)
            return value + prior, gradient + prior_gradient

        bounds = [(FLATTEST, STEEPEST), (FLATTEST, STEEPEST), (-20.0, 20.0)]
        best = minimize(
            loss,
            np.array([1.0, 1.0, rate]),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
        )
        return cls(*(float(each) for each in best.x))

    @classmethod
    def if_needed(cls, raw: Floats, converted: NDArray[np.bool_], weight: Floats) -> Self:
        """The fitted map, or the identity where the map gains no more log-likelihood than it has parameters.

        A learner that maximises a likelihood itself (logistic regression) mostly needs no map.
        """
        found, same = cls.fit(raw, converted, weight), cls(1.0, 1.0, 0.0)
        gained = found.log_likelihood(raw, converted, weight) - same.log_likelihood(raw, converted, weight)
        return found if gained > PARAMETERS else same

    def log_likelihood(self, raw: Floats, converted: NDArray[np.bool_], weight: Floats) -> float:
        """The log-likelihood of the rows' outcomes, in nats, each row counting by its weight."""
        p = self(raw)
        return float(np.sum(weight * np.log(np.where(converted, p, 1.0 - p))))

    def __call__(self, raw: Floats) -> Floats:
        """The probability of each raw score; never 0 or 1."""
        return beta(raw.ravel(), self.a, self.b, self.c, self.clip).reshape(raw.shape)

    def slope(self, raw: Floats) -> Floats:
        """The derivative of the map at each raw score."""
        s = _squeezed(raw, self.clip)
        p = expit(self.a * np.log(s) - self.b * np.log1p(-s) + self.c)
        return np.asarray((1 - 2 * EDGE) * (1 - 2 * self.clip) * p * (1 - p) * (self.a / s + self.b / (1 - s)))

    def to_json(self) -> dict[str, float]:
        """The numbers."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError."""
        return cls(float(data["a"]), float(data["b"]), float(data["c"]), float(data["clip"]))


def _prior(theta: Floats, rate: float) -> tuple[float, Floats]:
    a, b, c = theta
    away = np.array([(a - 1) / PRIOR_SPREAD, (b - 1) / PRIOR_SPREAD, (c - rate) / PRIOR_SHIFT, (a - b) / PRIOR_SKEW])
    by_a, by_b, by_c, by_skew = away / np.array([PRIOR_SPREAD, PRIOR_SPREAD, PRIOR_SHIFT, PRIOR_SKEW])
    return float(away @ away) / 2, np.array([by_a + by_skew, by_b - by_skew, by_c])


def _squeezed(raw: Floats, clip: float) -> Floats:
    return np.asarray(clip + (1 - 2 * clip) * np.clip(raw, 0.0, 1.0))


def logs(raw: Floats, clip: float) -> tuple[Floats, Floats]:
    """ln s and ln (1 - s) of the shares, squeezed by `clip`: what the map is linear in. Both (n,)."""
    s = _squeezed(raw, clip)
    return np.log(s), np.log1p(-s)
