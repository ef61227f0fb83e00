""" "I can call 30 leads today": what calling the best of a view may bring, and where to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insights.expected import Wins, wins_of
from insights.wanted import Wanted
from leads.models import LeadScore


@dataclass(frozen=True)
class Calls:
    """The best leads of a view, as many as were asked for or as there are.

    `cut` is the lowest probability among them; `value` the sum of their expected values, None where none is known;
    `at_random` the wins to expect of as many leads of the view drawn by lot.
    """

    asked: int
    wins: Wins
    value: float | None
    valued: int
    cut: float
    at_random: float


def calls_of(wanted: Wanted, best: Sequence[LeadScore], average: float) -> Calls | None:
    """The sums over the best leads; None where there are none. `average`: the probability of those of the view."""
    probabilities = [score.probability for score in best if score.probability is not None]
    if not probabilities:
        return None
    values = [score.expected_value for score in best if score.expected_value is not None]
    return Calls(
        asked=wanted.calls,
        wins=wins_of(probabilities),
        value=sum(values) if values else None,
        valued=len(values),
        cut=min(probabilities),
        at_random=len(probabilities) * average,
    )
