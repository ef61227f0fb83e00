"""The posterior probability that treatment is better, and the expected loss of either choice. Shown, never deciding.

Watched daily, "95 % better" comes up in a third to a half of the experiments in which nothing differs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from experiments.statistics.proportions import Counts


@dataclass(frozen=True)
class Belief:
    """Posterior quantities of two arms under flat priors. Expected losses are in conversions a lead."""

    better: float
    loss_if_treatment: float
    loss_if_control: float


def belief(control: Counts, treatment: Counts) -> Belief:
    """Exact, by the beta-binomial sum."""
    old, new = _posterior(control), _posterior(treatment)
    return Belief(_exceeds(new, old), _expected_gain(old, new), _expected_gain(new, old))


def _posterior(arm: Counts) -> tuple[int, int]:
    return arm.conversions + 1, arm.leads - arm.conversions + 1


def _exceeds(first: tuple[int, int], second: tuple[int, int]) -> float:
    """P(first > second) of two beta variables with whole parameters; Miller (2015), formula for A/B testing."""
    (a, b), (c, d) = first, second
    steps = np.arange(a, dtype=float)
    terms = betaln(c + steps, b + d) - np.log(b + steps) - betaln(1 + steps, b) - betaln(c, d)
    return float(min(np.exp(terms).sum(), 1.0))


def _expected_gain(first: tuple[int, int], second: tuple[int, int]) -> float:
    """E[max(first - second, 0)]."""
    (a, b), (c, d) = first, second
    mean_first, mean_second = a / (a + b), c / (c + d)
    gain = mean_first * _exceeds((a + 1, b), second) - mean_second * _exceeds(first, (c + 1, d))
    return max(gain, 0.0)
