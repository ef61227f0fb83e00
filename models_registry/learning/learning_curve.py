"""The learning curve: the figures by number of training leads, and what more data would bring.

The same learner learns from the newest half, quarter and eighth of the training leads (of very many, from smaller
parts, which take seconds) and is measured on the same holdout. An inverse power law through the points, AUC(n) = a - b
n^-c (Cortes, Jackel, Solla, Vapnik and Denker 1993), says what twice as many leads would bring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.arrays import Floats
from leads.features import LabelledRows
from models_registry.learning.evaluation import log_losses
from models_registry.learning.ranking import WeightedAuc

Learner = Callable[[LabelledRows], Floats]
"""Learns from these rows, and gives the probabilities of the holdout's."""

PARTS = 3
LEAST_LEADS, LEAST_OF_AN_OUTCOME, MOST_LEADS = 50, 5, 4_000
EXPONENTS = np.linspace(0.1, 1.5, 29)
FEWEST_POINTS = 3
NOTEWORTHY = 0.005
"""A gain in ROC-AUC by twice as many leads that is worth a word."""


@dataclass(frozen=True)
class PowerLaw:
    """figure(n) = a - b n^-c with b >= 0: what it nears as n grows, and how fast."""

    a: float
    b: float
    c: float

    @classmethod
    def fit(cls, n: Floats, figure: Floats) -> PowerLaw:
        """Least squares over a grid of c, each point counting by its n: more leads, less noise. (k,) each."""
        fits = [_line(n**-c, figure, n) for c in EXPONENTS]
        best = int(np.argmin([error for _, _, error in fits]))
        a, b, _ = fits[best]
        return cls(a, b, float(EXPONENTS[best]))

    def __call__(self, n: float) -> float:
        """The figure that it foresees from n leads."""
        return float(self.a - self.b * n**-self.c)


def _line(x: Floats, y: Floats, weight: Floats) -> tuple[float, float, float]:
    """a and b >= 0 of y = a - b x, and the weighted square error."""
    x_mean, y_mean = float(np.average(x, weights=weight)), float(np.average(y, weights=weight))
    spread = float(np.average((x - x_mean) ** 2, weights=weight))
    slope = -float(np.average((x - x_mean) * (y - y_mean), weights=weight)) / spread if spread > 0.0 else 0.0
    b = max(slope, 0.0)
    a = y_mean + b * x_mean
    return a, b, float(np.average((y - a + b * x) ** 2, weights=weight))


def learning_curve(past: LabelledRows, holdout: LabelledRows, probability: Floats, learner: Learner) -> dict[str, Any]:
    """`points` [{"leads", "roc_auc", "log_loss"}] by rising number of leads, the last by the model itself, and `words`.

    `probability` (n,) is what the model gave the holdout.
    """
    parts = [part for part in map(_newest(past), _sizes(past)) if _is_enough(part)]
    points = [_point(part, holdout, learner(part)) for part in parts] + [_point(past, holdout, probability)]
    gain = _gain(points)
    return {"points": points, "gain_by_doubling": gain, "words": words(points, gain)}


def words(points: list[dict[str, Any]], gain: float | None) -> str:
    """What more data would bring, in a sentence."""
    if gain is None:
        return "There are too few leads yet to see how the figures grow with data."
    if gain < NOTEWORTHY:
        return "More leads of this kind would bring little: the figures have stopped growing with data."
    return f"Twice as many leads would raise ROC-AUC by about {max(gain, 0.01):.2f}."


def _sizes(past: LabelledRows) -> list[int]:
    size = len(np.unique(past.dossier)) // 2
    sizes: list[int] = []
    while len(sizes) < PARTS and size >= LEAST_LEADS:
        if size <= MOST_LEADS:
            sizes.append(size)
        size //= 2
    return sizes[::-1]


def _newest(past: LabelledRows) -> Callable[[int], LabelledRows]:
    dossiers, first = np.unique(past.dossier, return_index=True)
    newest_first = dossiers[np.lexsort((dossiers, past.created_at[first]))][::-1]
    return lambda size: past.take(np.isin(past.dossier, newest_first[:size]))


def _is_enough(part: LabelledRows) -> bool:
    kinds = (part.converted, ~part.converted)
    return all(len(np.unique(part.dossier[kind])) >= LEAST_OF_AN_OUTCOME for kind in kinds)


def _point(part: LabelledRows, holdout: LabelledRows, probability: Floats) -> dict[str, Any]:
    return {
        "leads": len(np.unique(part.dossier)),
        "roc_auc": WeightedAuc(probability, holdout.converted)(holdout.weight),
        "log_loss": float(np.average(log_losses(probability, holdout.converted), weights=holdout.weight)),
    }


def _gain(points: list[dict[str, Any]]) -> float | None:
    """What twice as many leads would add to ROC-AUC; None where there are too few points."""
    known = [(point["leads"], point["roc_auc"]) for point in points if point["roc_auc"] is not None]
    if len(known) < FEWEST_POINTS:
        return None
    n, auc = (np.array(column, dtype=np.float64) for column in zip(*known, strict=True))
    law, leads = PowerLaw.fit(n, auc), float(n[-1])
    return float(max(min(law(2 * leads), 1.0) - law(leads), 0.0))
