"""Means of two arms from their sums: Welch's test, and the relative difference by the delta method."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

from experiments.statistics.estimates import LEVEL, Estimate

TOO_FEW, NO_VARIATION, NOTHING_IN_CONTROL = "TOO_FEW_LEADS", "NO_VARIATION", "NOTHING_IN_CONTROL"


@dataclass(frozen=True)
class Sums:
    """n values by their sum and the sum of their squares."""

    n: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Their mean; n > 0."""
        return self.total / self.n

    @property
    def variance(self) -> float:
        """Their sample variance; n > 1."""
        return max(self.squares - self.total**2 / self.n, 0.0) / (self.n - 1)

    @property
    def variance_of_mean(self) -> float:
        """The square of the mean's standard error; n > 1."""
        return self.variance / self.n


@dataclass(frozen=True)
class Compared:
    """A difference of means, its standard error and Welch's degrees of freedom."""

    value: float
    standard_error: float
    freedom: float

    def estimate(self, level: float = LEVEL) -> Estimate:
        """With its interval at a fixed moment."""
        half = float(stdtrit(self.freedom, (1 + level) / 2)) * self.standard_error
        return Estimate(self.value, self.value - half, self.value + half, level)

    @property
    def p_value(self) -> float:
        """Two-sided, at a fixed moment."""
        return float(2 * stdtr(self.freedom, -abs(self.value) / self.standard_error))


def mean(arm: Sums, level: float = LEVEL) -> Estimate:
    """An arm's mean with Student's interval; unknown where all values are alike, so that no interval has width 0."""
    if arm.n < 2:
        return Estimate.unknown(TOO_FEW, level)
    if not arm.variance > 0:
        return Estimate(arm.mean, None, None, level, NO_VARIATION)
    half = float(stdtrit(arm.n - 1, (1 + level) / 2)) * math.sqrt(arm.variance_of_mean)
    return Estimate(arm.mean, arm.mean - half, arm.mean + half, level)


def reason_against(control: Sums, treatment: Sums) -> str | None:
    """Why two arms' means cannot be compared; None where they can."""
    if min(control.n, treatment.n) < 2:
        return TOO_FEW
    return None if control.variance_of_mean + treatment.variance_of_mean > 0 else NO_VARIATION


def compare(control: Sums, treatment: Sums) -> Compared:
    """Treatment's mean less control's. Needs that there is no `reason_against`."""
    first, second = control.variance_of_mean, treatment.variance_of_mean
    return Compared(
        treatment.mean - control.mean, math.sqrt(first + second), _freedom(first, control.n, second, treatment.n)
    )


def compare_relative(control: Sums, treatment: Sums) -> Compared:
    """The same as a share of control's mean, which must not be 0."""
    base, ratio = control.mean, treatment.mean / control.mean
    variance = (treatment.variance_of_mean + ratio**2 * control.variance_of_mean) / base**2
    plain = compare(control, treatment)
    return Compared(ratio - 1, math.sqrt(variance), plain.freedom)


def _freedom(first: float, n_first: int, second: float, n_second: int) -> float:
    return (first + second) ** 2 / (first**2 / (n_first - 1) + second**2 / (n_second - 1))
