"""An asymptotic confidence sequence: an interval that holds at every look, however often one looks.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), arXiv:2103.06476, as GrowthBook's gbstats has it. It is
narrowest, for what it can be, once `tuning` leads have been seen.
"""

from __future__ import annotations

import math

from experiments.statistics.estimates import Estimate

TUNING = 5_000


def rho_of(alpha: float, tuning: float) -> float:
    """The mixture's parameter that makes the sequence narrowest at `tuning` leads."""
    return math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuning)


def critical_value(leads: float, alpha: float, tuning: float = TUNING, shared: int = 1) -> float:
    """How many standard errors the sequence is wide, each way, after so many leads in both arms.

    `alpha` may be shared out among several sequences; the parameter stays, as it does for the p-value.
    """
    spread = leads * rho_of(alpha, tuning) ** 2
    return math.sqrt(2 * (spread + 1) / spread * math.log(math.sqrt(spread + 1) * shared / alpha))


def confidence_sequence(
    value: float, standard_error: float, leads: int, alpha: float, tuning: float = TUNING, *, shared: int = 1
) -> Estimate:
    """The interval around a difference with this standard error (> 0), after `leads` in both arms.

    `alpha` is of so many sequences that hold all at once.
    """
    half = critical_value(leads, alpha, tuning, shared) * standard_error
    return Estimate(value, value - half, value + half, 1 - alpha / shared)


def always_valid_p(value: float, standard_error: float, leads: int, alpha: float, tuning: float = TUNING) -> float:
    """The p-value that belongs to it: at most `alpha` just where the interval excludes 0."""
    spread = leads * rho_of(alpha, tuning) ** 2
    evidence = (value / standard_error) ** 2 * spread / (2 * (spread + 1)) - math.log(spread + 1) / 2
    return min(math.exp(-evidence), 1.0) if evidence > 0 else 1.0
