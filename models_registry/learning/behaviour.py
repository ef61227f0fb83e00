"""A behavioural test of a model: a lead that answers more must not become less likely to convert, on average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leads.consequences import INBOUND, answered_more
from leads.features import Columns
from models_registry.learning.scores import Scorer

MORE = (1, 2, 3)
"""So many messages more are supposed."""
TOLERANCE = 0.005
"""A fall of less than this is the grain of the model."""


@dataclass(frozen=True)
class Answering:
    """The mean change of the probability when a lead answers so many times more; empty where messages are not read."""

    change: dict[int, float]

    @property
    def sane(self) -> bool:
        """Whether it never falls on average."""
        return all(change >= -TOLERANCE for change in self.change.values())

    @property
    def words(self) -> str:
        """In a sentence."""
        if not self.change:
            return "The model does not read how often a lead answers."
        told = ", ".join(f"{change:+.1%} for {more}" for more, change in self.change.items())
        end = "it does not fall" if self.sane else "it falls"
        return f"When a lead answers more often, the probability changes on average by {told} more: {end}."


def when_answering_more(model: Scorer, columns: Columns, weight: NDArray[np.float64]) -> Answering:
    """Scores n leads as if each had just answered more often, with all that follows from it. Weights (n,)."""
    if INBOUND not in {feature.name for feature in model.features}:
        return Answering({})
    before = model.score(columns, contributions=False).probability

    def change(more: int) -> float:
        after = model.score(answered_more(columns, more), contributions=False).probability
        return float(np.average(after - before, weights=weight))

    return Answering({more: change(more) for more in MORE})
