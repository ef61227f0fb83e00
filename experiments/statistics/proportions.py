"""Conversion rates of two arms, at a fixed moment: intervals that hold for few leads and for arms without a conversion.

Newcombe (1998) for the difference, Wilson (1927) for a rate, MOVER-R (Donner and Zou 2012) on Wilson's limits for the
ratio. None of them ever has width 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from experiments.statistics.estimates import LEVEL, Estimate
from models_registry.learning.wilson import wilson

NO_LEADS, NO_CONVERSIONS, NO_CONTROL_CONVERSIONS = "NO_LEADS", "NO_CONVERSIONS", "NO_CONTROL_CONVERSIONS"
ALL_CONVERTED = "ALL_CONVERTED"
SMALLEST_EXPECTED = 5


@dataclass(frozen=True)
class Counts:
    """How many leads an arm has, and how many of them converted."""

    conversions: int
    leads: int

    @property
    def rate(self) -> float | None:
        """The share that converted; None without leads."""
        return self.conversions / self.leads if self.leads else None


@dataclass(frozen=True)
class Test:
    """A two-sided test; `p_value` None where it cannot be made, and `reason` says why."""

    name: str
    p_value: float | None
    reason: str | None = None


def rate(arm: Counts, level: float = LEVEL) -> Estimate:
    """An arm's conversion rate, with Wilson's interval."""
    if not arm.leads:
        return Estimate.unknown(NO_LEADS, level)
    return Estimate(arm.rate, *wilson(arm.conversions, arm.leads, level), level)


def difference(control: Counts, treatment: Counts, level: float = LEVEL) -> Estimate:
    """Treatment's rate less control's, with Newcombe's interval."""
    if control.rate is None or treatment.rate is None:
        return Estimate.unknown(NO_LEADS, level)
    (new, new_low, new_high), (old, old_low, old_high) = _limits(treatment, level), _limits(control, level)
    low, high = math.hypot(new - new_low, old_high - old), math.hypot(new_high - new, old - old_low)
    return Estimate(new - old, new - old - low, new - old + high, level)


def lift(control: Counts, treatment: Counts, level: float = LEVEL) -> Estimate:
    """Treatment's rate over control's, less 1. Without a conversion in control there is no value and no upper end."""
    if control.rate is None or treatment.rate is None:
        return Estimate.unknown(NO_LEADS, level)
    low = _lower_ratio(control, treatment, level) - 1
    if not control.conversions:
        return Estimate(None, low, None, level, NO_CONTROL_CONVERSIONS)
    return Estimate(treatment.rate / control.rate - 1, low, _upper_ratio(control, treatment, level) - 1, level)


def _limits(arm: Counts, level: float) -> tuple[float, float, float]:
    found = rate(arm, level)
    return found.value or 0.0, found.low or 0.0, found.high or 0.0


def _lower_ratio(control: Counts, treatment: Counts, level: float) -> float:
    (above, low, _), (below, _, high) = _limits(treatment, level), _limits(control, level)
    product, gain = above * below, low * (2 * above - low)
    root = math.sqrt(max(product**2 - gain * high * (2 * below - high), 0.0))
    return gain / (product + root) if product + root > 0 else 0.0


def _upper_ratio(control: Counts, treatment: Counts, level: float) -> float:
    (above, _, high), (below, low, _) = _limits(treatment, level), _limits(control, level)
    product, loss = above * below, low * (2 * below - low)
    return (product + math.sqrt(max(product**2 - high * (2 * above - high) * loss, 0.0))) / loss


def fixed_test(control: Counts, treatment: Counts) -> Test:
    """Whether the rates differ, looked at once: the pooled z test, or Fisher's where an expected cell is below 5."""
    leads, conversions = control.leads + treatment.leads, control.conversions + treatment.conversions
    name = "Z" if _is_large(control.leads, treatment.leads, conversions) else "FISHER"
    if not control.leads or not treatment.leads:
        return Test(name, None, NO_LEADS)
    if conversions in (0, leads):
        return Test(name, None, ALL_CONVERTED if conversions else NO_CONVERSIONS)
    if name == "Z":
        rate = conversions / leads
        error = math.sqrt(rate * (1 - rate) * (1 / control.leads + 1 / treatment.leads))
        away = treatment.conversions / treatment.leads - control.conversions / control.leads
        return Test(name, float(2 * ndtr(-abs(away) / error)))
    counts = np.array([treatment.conversions, control.conversions])
    totals = np.array([treatment.leads, control.leads])
    from scipy.stats import fisher_exact  # noqa: PLC0415 - a second that a web server should not pay

    return Test(name, float(fisher_exact(np.column_stack([counts, totals - counts])).pvalue))


def _is_large(first: int, second: int, conversions: int) -> bool:
    leads = first + second
    rarer = min(conversions, leads - conversions)
    return bool(leads) and min(first, second) * rarer / leads >= SMALLEST_EXPECTED
