"""Less noise by what was known before: each lead's own probability as it was first scored, as a covariate (CUPED).

Deng, Xu, Kohavi and Walker (2013). The covariate is from before the treatment, so the difference that it leads to
estimates the same; only narrower.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from experiments.statistics.means import Sums


@dataclass(frozen=True)
class Joint:
    """n leads by their outcome y and covariate x: sums, sums of squares, and the sum of products."""

    n: int
    y: float
    yy: float
    x: float
    xx: float
    xy: float

    @property
    def outcome(self) -> Sums:
        """The outcome alone."""
        return Sums(self.n, self.y, self.yy)

    @property
    def covariate(self) -> Sums:
        """The covariate alone."""
        return Sums(self.n, self.x, self.xx)

    def __add__(self, other: Joint) -> Joint:
        """The leads of both."""
        both = zip(astuple(self), astuple(other), strict=True)
        return Joint(*(first + second for first, second in both))

    @property
    def covariance(self) -> float:
        """The sample covariance; n > 1."""
        return (self.xy - self.x * self.y / self.n) / (self.n - 1)


@dataclass(frozen=True)
class Adjusted:
    """The difference with the covariate taken out, and by how much that shrinks its variance (0 to 1)."""

    value: float
    standard_error: float
    theta: float
    reduction: float


def adjust(control: Joint, treatment: Joint) -> Adjusted | None:
    """Treatment's mean outcome less control's, as if both had had like leads; None where that cannot be computed.

    Theta is the regression's slope over the leads of both arms.
    """
    if min(control.n, treatment.n) < 2:
        return None
    both = control + treatment
    plain = control.outcome.variance_of_mean + treatment.outcome.variance_of_mean
    if not both.covariate.variance > 0 or not plain > 0:
        return None
    theta = both.covariance / both.covariate.variance
    value = treatment.outcome.mean - control.outcome.mean
    value -= theta * (treatment.covariate.mean - control.covariate.mean)
    variance = _residual(control, theta) + _residual(treatment, theta)
    return Adjusted(value, math.sqrt(max(variance, 0.0)), theta, 1 - variance / plain) if variance > 0 else None


def _residual(arm: Joint, theta: float) -> float:
    variance = arm.outcome.variance - 2 * theta * arm.covariance + theta**2 * arm.covariate.variance
    return variance / arm.n
