"""Exact evidence for few leads: among the leads that convert, which arm they come from.

Where no arm is better, a lead that converts comes from treatment with just the probability that leads are put there;
whatever the rate, and however it moves with time. So the arms of the converting leads are draws of a known coin, and a
beta mixture over coins is an e-process: exact, for any number of leads and any number of looks. The coins that it does
not rule out make an exact sequence of intervals for the ratio of the rates. Lindon and Malek (2022), arXiv:2011.03567.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import betaln

from experiments.statistics.estimates import Estimate, finite

CONCENTRATION = 20.0
NO_CONVERSIONS = "NO_CONVERSIONS"


@dataclass(frozen=True)
class Converted:
    """Converting leads of two arms, and the share of treatment in both arms' leads as designed."""

    control: int
    treatment: int
    share: float = 0.5


def log_evidence(found: Converted, coin: float | None = None) -> float:
    """The log of the mixture's e-value against a coin; against the designed share where none is named."""
    coin = found.share if coin is None else coin
    first, second = CONCENTRATION * found.share, CONCENTRATION * (1 - found.share)
    mixture = betaln(first + found.treatment, second + found.control) - betaln(first, second)
    return float(mixture) - _log(found.treatment, coin) - _log(found.control, 1 - coin)


def _log(count: int, probability: float) -> float:
    return count * math.log(probability) if count else 0.0


def exact_p(found: Converted) -> float:
    """The always-valid p-value against equal rates."""
    return min(math.exp(-log_evidence(found)), 1.0)


def exact_lift(found: Converted, alpha: float) -> Estimate:
    """Treatment's rate over control's, less 1, with the interval that holds at every look."""
    both = found.control + found.treatment
    if not both:
        return Estimate(None, None, None, 1 - alpha, NO_CONVERSIONS)
    middle, limit = found.treatment / both, -math.log(alpha)

    def beyond(coin: float) -> float:
        return log_evidence(found, coin) - limit

    low = _root(beyond, 1e-12, middle) if found.treatment else 0.0
    high = _root(beyond, middle, 1 - 1e-12) if found.control else 1.0
    value = _ratio(middle, found.share) - 1
    return Estimate(finite(value), _ratio(low, found.share) - 1, finite(_ratio(high, found.share) - 1), 1 - alpha)


def _root(beyond: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(beyond, max(low, 1e-12), min(high, 1 - 1e-12)))


def _ratio(coin: float, share: float) -> float:
    return coin * (1 - share) / ((1 - coin) * share) if coin < 1 else math.inf
