"""Learning from rows to a model with its figures: split by time, learn on the past, measure on what came later.

The model that is shipped is the very one that was measured: it has not seen the newest fifth of the leads, and in
return the figures on its card, its calibration and the gate's comparison are those of exactly this artefact.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leads.cohorts import LEAST_LEADS
from leads.features import LabelledRows
from models_registry.learning import algorithms
from models_registry.learning.card import card_of, figures_of
from models_registry.learning.encoding import Encoder
from models_registry.learning.evaluation import Metrics, evaluate
from models_registry.learning.fitting import Fitting, Report, quiet
from models_registry.learning.model import Model
from models_registry.learning.rules import DEFAULT_RULES, Rule
from models_registry.learning.screening import screen, told_of
from models_registry.learning.split import forward_split
from models_registry.learning.thresholds import COST_RATIO, Thresholds

EXPLAINED_ROWS = 1_000
GOLDEN_ROWS = 15
"""Kept to hold the artefact to, and to stand for not knowing a feature where a reason's sign is made sure of."""


class NotEnoughData(ValueError):
    """There is not enough to learn from; `counts` (of leads) says what there is."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts
        super().__init__(
            f"{counts['dossiers']} usable leads ({counts['converted']} converted, {counts['lost']} not), with "
            f"{counts['columns']} columns that vary: at least {LEAST_LEADS} leads, both outcomes among the older "
            "ones, and one such column are needed."
        )


@dataclass(frozen=True)
class Holdout:
    """The rows that the model was measured on: their positions in the rows given, and the probabilities they got."""

    rows: NDArray[np.intp]
    probability: NDArray[np.float64]


@dataclass(frozen=True)
class Learned:
    """A model, how good it is, and what it goes by. All but the model and the holdout is plain data."""

    algorithm: str
    model: Model
    metrics: Metrics
    """On the holdout, forward in time."""
    shuffled_metrics: Metrics
    """Of the same learner on dossiers split at random: a warning where it is much better."""
    importance: list[dict[str, Any]]
    """[{"feature", "importance"}], largest first, summing to 1."""
    holdout: Holdout
    card: dict[str, Any]


def learn(
    rows: LabelledRows,
    *,
    seed: int,
    algorithm: str = algorithms.DEFAULT,
    report: Report = quiet,
    n_jobs: int = 2,
    released: frozenset[str] = frozenset(),
    rules: tuple[Rule, ...] = DEFAULT_RULES,
    cost_ratio: float = COST_RATIO,
) -> Learned:
    """Learns a model. Deterministic by `seed`. Raises NotEnoughData, or ValueError where the algorithm is unknown.

    Features that look like leaks are kept out unless `released` names them. `rules` and `cost_ratio` (what a missed
    conversion costs, in calls in vain) are for the card alone.
    """
    learner = algorithms.named(algorithm)
    report("preparing", 0.02, f"{len(rows):,} snapshots of {len(np.unique(rows.dossier)):,} leads.")
    train, test = forward_split(rows)
    screened = screen(rows, train, released=released, seed=seed, report=report)
    rows = screened.rows
    past, newest = rows.take(train), rows.take(test)
    report("splitting", 0.05, f"Learning from {len(past):,} snapshots, measuring on {len(newest):,} of newer leads.")
    _check(rows, past, screened.unused)
    fitting = Fitting(learner, screened.unused, seed, n_jobs)
    made = fitting.fit(past, newest, report)
    model, chosen = made.model, fitting.by(made.model.algorithm)
    report("evaluating", 0.55, "Measuring on leads that came later.")
    probability = model.score(newest.columns, contributions=False).probability
    metrics = evaluate(probability, newest.converted, newest.weight, newest.dossier, seed=seed)
    shuffled = chosen.shuffled(rows, report)
    report("evaluating", 0.9, "How the figures grew with data, and what simpler means would have reached.")
    figures = figures_of(
        past,
        newest,
        probability,
        thresholds=Thresholds.choose(made.out_of_sample, past.converted, past.weight, cost_ratio=cost_ratio),
        learner=lambda part: chosen.probability(part, newest),
        rules=rules,
        seed=seed,
    )
    report("explaining", 0.93, "Which features carry the scores.")
    importance = importance_of(model, newest, seed=seed)
    report("packing", 0.95, "Writing the card.")
    model = replace(model, golden=model.remember(_golden_columns(newest)))
    card = card_of(rows, past, newest, model, seed=seed, parameters=made.parameters, metrics=metrics, shuffled=shuffled)
    holdout = Holdout(np.flatnonzero(test), probability)
    return Learned(model.algorithm, model, metrics, shuffled, importance, holdout, told_of(card | figures, screened))


def importance_of(model: Model, rows: LabelledRows, *, seed: int) -> list[dict[str, Any]]:
    """Mean absolute contribution of each feature over a sample of the rows, normalised to sum 1, largest first."""
    sample = rows.take(np.sort(np.random.default_rng(seed).permutation(len(rows))[:EXPLAINED_ROWS]))
    parts = np.average(np.abs(model.score(sample.columns).contributions), axis=0, weights=sample.weight)
    shares = parts / parts.sum() if parts.sum() > 0 else np.full(len(parts), 1 / len(parts))
    names = [feature.name for feature in model.features]
    return [{"feature": names[at], "importance": float(shares[at])} for at in np.argsort(-shares, kind="stable")]


def _check(rows: LabelledRows, past: LabelledRows, unused: Collection[str]) -> None:
    dossiers, converted = len(np.unique(rows.dossier)), len(np.unique(rows.dossier[rows.converted]))
    varying = Encoder.fit(past, unused).columns if len(past) else 0
    if dossiers < LEAST_LEADS or past.converted.all() or not past.converted.any() or varying == 0:
        raise NotEnoughData(
            {"dossiers": dossiers, "converted": converted, "lost": dossiers - converted, "columns": varying}
        )


def _golden_columns(rows: LabelledRows) -> dict[str, NDArray[Any]]:
    """A few rows, spread evenly, and one in which everything is missing."""
    at = np.unique(np.linspace(0, len(rows) - 1, GOLDEN_ROWS).astype(np.intp))
    return {
        feature.name: np.append(rows.columns[feature.name][at], np.array([None if feature.is_category else np.nan]))
        for feature in rows.features
    }
