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

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln

from experiments.statistics.estimates import Estimate, finite

CONCENTRATION = 20.0
EXTREME, LARGEST = 40.0, 700.0
"""Log odds of what hardly ever happens, and up to which there are odds as a float."""
NO_CONVERSIONS = "NO_CONVERSIONS"


@dataclass(frozen=True)
class Converted:
    """Converting leads of two arms, and the share of treatment in both arms' leads as designed."""

    control: int
    treatment: int
    share: float = 0.5


def log_evidence(found: Converted, log_odds: float | None = None) -> float:
    """The log of the mixture's e-value against a coin of such odds; against the designed share where none are named."""
    log_odds = math.log(found.share / (1 - found.share)) if log_odds is None else log_odds
    first, second = CONCENTRATION * found.share, CONCENTRATION * (1 - found.share)
    mixture = betaln(first + found.treatment, second + found.control) - betaln(first, second)
    return float(mixture + found.treatment * np.logaddexp(0.0, -log_odds) + found.control * np.logaddexp(0.0, log_odds))


def exact_p(found: Converted) -> float:
    """The always-valid p-value against equal rates."""
    return min(math.exp(-log_evidence(found)), 1.0)


def exact_lift(found: Converted, alpha: float) -> Estimate:
    """Treatment's rate over control's, less 1, with the interval that holds at every look."""
    if not found.control + found.treatment:
        return Estimate(None, None, None, 1 - alpha, NO_CONVERSIONS)
    limit, designed = -math.log(alpha), (1 - found.share) / found.share

    def beyond(log_odds: float) -> float:
        return log_evidence(found, log_odds) - limit

    seen = _seen(found)
    low = designed * math.exp(_root(beyond, seen, -1.0)) if found.treatment else 0.0
    high = designed * _exp(_root(beyond, seen, 1.0)) if found.control else math.inf
    value = designed * found.treatment / found.control if found.control else math.inf
    return Estimate(finite(value - 1), low - 1, finite(high - 1), 1 - alpha)


def _seen(found: Converted) -> float:
    """The log odds of the coin that they are likeliest draws of: it is never ruled out."""
    if not found.control or not found.treatment:
        return EXTREME if found.treatment else -EXTREME
    return math.log(found.treatment / found.control)


def _root(beyond: Callable[[float], float], inside: float, step: float) -> float:
    """Where the coins begin that are ruled out, on that side: the evidence grows with the log odds, without end."""
    while beyond(inside + step) < 0:
        step *= 2
    return float(brentq(beyond, inside, inside + step))


def _exp(log_odds: float) -> float:
    return math.exp(log_odds) if log_odds < LARGEST else math.inf
