"""How many wins are to be expected of leads with given probabilities, and within which bounds. Pure: no Django."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

EIGHT_IN_TEN = 1.2816
"""The normal quantile between whose bounds eight in ten outcomes fall."""


@dataclass(frozen=True)
class Wins:
    """The wins expected of `leads` independent leads, and the bounds that hold eight times in ten.

    The bounds are those of chance alone: they hold as far as the probabilities keep their word.
    """

    leads: int
    mean: float
    low: int
    high: int


def wins(leads: int, mean: float, variance: float) -> Wins:
    """From the sum of the probabilities and of p(1 - p): the sum of many independent trials is nearly normal."""
    spread = EIGHT_IN_TEN * sqrt(max(variance, 0.0))
    return Wins(leads, mean, max(round(mean - spread), 0), min(round(mean + spread), leads))


def wins_of(probabilities: Iterable[float]) -> Wins:
    """From each lead's probability."""
    known = list(probabilities)
    return wins(len(known), sum(known), sum(each * (1 - each) for each in known))
