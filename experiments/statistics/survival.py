"""Time to conversion: Kaplan and Meier's curve in whole days, of leads that were not all observed to the end.

A lost lead stays at risk and never converts: only an open window censors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from common.arrays import Floats
from experiments.statistics.estimates import LEVEL

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Watched:
    """Leads of one arm: `leads[a]` have been watched for a whole days, the last number standing for the whole window.

    `conversions[a, d]` of them converted on day d (0 is the first day after the exposure). Shapes (W + 1,), (W + 1, W).
    """

    leads: Ints
    conversions: Ints

    @property
    def days(self) -> int:
        """The length W of the window."""
        return int(self.conversions.shape[1])


@dataclass(frozen=True)
class Curve:
    """The share converted by the end of each day, (W,), with the standard error of each and who was still at risk."""

    converted: Floats
    error: Floats
    at_risk: Ints

    def bounds(self, level: float = LEVEL) -> tuple[Floats, Floats]:
        """A pointwise interval for each day, within [0, 1] and never of width 0; all of it where nobody is at risk.

        Rothman (1978): Wilson's interval for as many leads as the error is worth, or, without one, as are at risk.
        """
        z2, alike = float(ndtri((1 + level) / 2)) ** 2, self.converted * (1 - self.converted)
        worth = np.divide(alike, self.error**2, out=self.at_risk.astype(np.float64), where=self.error > 0)
        reach = np.sqrt(z2 * (alike * worth + z2 / 4))
        middle = self.converted * worth + z2 / 2
        return np.clip((middle - reach) / (worth + z2), 0, 1), np.clip((middle + reach) / (worth + z2), 0, 1)

    def median_day(self) -> int | None:
        """The first day by whose end half of the leads have converted; None where they never do."""
        reached = np.flatnonzero(self.converted >= 0.5)
        return int(reached[0]) + 1 if len(reached) else None


def curve(watched: Watched) -> Curve:
    """Kaplan and Meier's, with Greenwood's errors. A day that a lead was not watched to the end of does not count."""
    days = watched.days
    ages = np.arange(days + 1)
    seen_through = ages[:, None] > np.arange(days)[None, :]  # an age covers the days before it
    events = np.where(seen_through, watched.conversions, 0)
    gone = np.cumsum(events, axis=1) - events
    at_risk = np.where(seen_through, watched.leads[:, None] - gone, 0).sum(axis=0)
    happened = events.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(at_risk > 0, happened / at_risk, 0.0)
        terms = np.where(at_risk > happened, happened / (at_risk * (at_risk - happened)), 0.0)
    alive = np.cumprod(1 - hazard)
    return Curve(1 - alive, alive * np.sqrt(np.cumsum(terms)), at_risk)


def median_of_days(by_day: Sequence[int]) -> float | None:
    """The median day (1 is the first) of conversions counted by day; None without any."""
    total = sum(by_day)
    if not total:
        return None
    reached = np.flatnonzero(np.cumsum(by_day) * 2 >= total)
    return float(reached[0]) + 1


@dataclass(frozen=True)
class Speed:
    """How far treatment was ahead at its best day, and how far at the end of the window."""

    day: int
    ahead: float
    ahead_z: float
    at_end: float
    at_end_z: float

    @property
    def faster_not_more(self) -> bool:
        """Whether treatment was ahead on the way beyond chance, and is not at the end: it only converts sooner."""
        return self.ahead_z > EARLY_Z and self.at_end_z < LATE_Z and self.at_end < self.ahead / 2


EARLY_Z, LATE_Z = 3.0, 1.96


def compare_speed(control: Curve, treatment: Curve) -> Speed | None:
    """Where treatment's curve is furthest above control's; None where nobody was watched to the end of the window."""
    if not (control.at_risk[-1] and treatment.at_risk[-1]):
        return None
    gap, error = treatment.converted - control.converted, np.hypot(control.error, treatment.error)
    z = np.divide(gap, error, out=np.zeros_like(gap), where=error > 0)
    best = int(np.argmax(z))
    return Speed(best + 1, float(gap[best]), float(z[best]), float(gap[-1]), float(z[-1]))
