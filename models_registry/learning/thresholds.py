"""Decision thresholds, chosen on the training part and measured on the holdout.

A threshold that is chosen on the very leads it is measured on flatters itself. So both are chosen on the training
part's out-of-sample probabilities, where each lead was scored by learners that had not seen it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.arrays import Bools, Floats
from models_registry.learning.evaluation import THRESHOLD, Metrics, decisions

COST_RATIO = 5.0
"""A conversion that nobody called for costs so many times what a call in vain does."""
CHOSEN_ON = "the older leads that the model learnt from, each scored by learners that had not seen it"


@dataclass(frozen=True)
class Thresholds:
    """Where F1 was highest and where cost was least, on the rows they were chosen on."""

    f1_best: float
    cost_best: float
    cost_ratio: float

    @classmethod
    def choose(
        cls, probability: Floats, converted: Bools, weight: Floats, *, cost_ratio: float = COST_RATIO
    ) -> Thresholds:
        """The best of the probabilities that occur, (n,) each; of equally good ones the highest."""
        order = np.argsort(-probability, kind="stable")
        ordered = probability[order]
        last = np.concatenate([ordered[1:] != ordered[:-1], [True]])
        hits = np.cumsum(np.where(converted, weight, 0.0)[order])[last]
        calls = np.cumsum(weight[order])[last]
        came = float(weight[converted].sum())
        f1 = 2 * hits / (calls + came)
        cost = (calls - hits) + cost_ratio * (came - hits)
        candidates = ordered[last]
        return cls(float(candidates[np.argmax(f1)]), float(candidates[np.argmin(cost)]), cost_ratio)

    def measure(self, probability: Floats, converted: Bools, weight: Floats) -> list[Metrics]:
        """Precision, recall, F1, confusion matrix and cost a lead at 0.5 and at both, on other rows."""
        named = {"half": THRESHOLD, "f1_best": self.f1_best, "cost_best": self.cost_best}
        return [self._row(name, at, probability, converted, weight) for name, at in named.items()]

    def _row(self, name: str, at: float, probability: Floats, converted: Bools, weight: Floats) -> Metrics:
        reasons: dict[str, str] = {}
        figures = decisions(probability, converted, weight, at, reasons)
        matrix = figures["confusion_matrix"]
        cost = matrix["false_positive"] + self.cost_ratio * matrix["false_negative"]
        share = matrix["true_positive"] + matrix["false_positive"]
        total = float(weight.sum())
        more = {"name": name, "called": share / total, "cost": cost / total, "cost_ratio": self.cost_ratio}
        chosen_on = None if name == "half" else CHOSEN_ON
        return figures | more | {"chosen_on": chosen_on, "reasons": reasons}
