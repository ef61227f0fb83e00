"""Means of two arms from their sums: Welch's test, and their ratio by Fieller's theorem."""

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


def compare_relative(control: Sums, treatment: Sums, reach: float) -> Estimate:
    """Treatment's mean as a share of control's, less 1; its interval `reach` standard errors wide, each way.

    For values that are not negative, control's mean above 0, and no `reason_against`. An arm whose values are all alike
    has not shown yet how they vary: the other's variance stands for it, so that no interval has width 0.
    """
    first = reach**2 * (control.variance or treatment.variance) / control.n
    second = reach**2 * (treatment.variance or control.variance) / treatment.n
    return relative(control.mean, treatment.mean, first, second)


def relative(old: float, new: float, first: float, second: float) -> Estimate:
    """A mean as a share of another, less 1; `first` and `second` are the squares of how far either may lie from truth.

    Fieller (1954): it leaves out just the ratios r of which `new` less r times `old` lies too far from 0, so the noise
    of the old one counts, also where the new one is 0, and 0 is left out just where it is of their difference. For
    means that are not negative, the old one above 0.
    """
    below, above = new**2 - second, old**2 - first
    root = math.sqrt(max((old * new) ** 2 - above * below, 0.0))
    low = below / (old * new + root) if below > 0 else 0.0
    high = (old * new + root) / above if above > 0 else None
    return Estimate(new / old - 1, low - 1, None if high is None else high - 1)


def _freedom(first: float, n_first: int, second: float, n_second: int) -> float:
    return (first + second) ** 2 / (first**2 / (n_first - 1) + second**2 / (n_second - 1))
