"""Baselines on the same holdout: the organisation's rules, and naive Bayes on exact values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from common.arrays import Floats
from leads.features import Columns, LabelledRows
from models_registry.learning.bootstrap import Resamples, interval_of
from models_registry.learning.evaluation import Metrics, evaluate, log_losses
from models_registry.learning.naive_bayes import NaiveBayes
from models_registry.learning.ranking import delong
from models_registry.learning.rules import DEFAULT_RULES, Rule, Rules


@dataclass(frozen=True)
class Holdout:
    """The rows that all are measured on, and the probabilities that the model gave them, (n,)."""

    rows: LabelledRows
    probability: Floats
    seed: int


def baselines(past: LabelledRows, holdout: Holdout, rules: tuple[Rule, ...] = DEFAULT_RULES) -> dict[str, Any]:
    """`rules` and `naive_bayes` with the figures of `evaluate` and `difference`; what cannot score is a reason."""
    return {
        "rules": _measured(_by_rules(holdout.rows, rules), holdout),
        "naive_bayes": _measured(NaiveBayes.fit(past).predict(holdout.rows.columns), holdout),
    }


def _by_rules(rows: LabelledRows, table: tuple[Rule, ...]) -> Floats | None:
    """The rules' probabilities; None where the rows have none of the columns that the table is about."""
    if not {rule.feature for rule in table} & set(rows.columns):
        return None
    rules = Rules(table)
    absent: Columns = {
        feature.name: np.full(len(rows), None if feature.is_category else np.nan)
        for feature in rules.features
        if feature.name not in rows.columns
    }
    return rules.score({**rows.columns, **absent}, contributions=False).probability


def _measured(probability: Floats | None, holdout: Holdout) -> Metrics:
    if probability is None:
        return {"reasons": {"all": "These leads have none of the features that the rules are about."}}
    rows = holdout.rows
    figures = evaluate(probability, rows.converted, rows.weight, rows.dossier, seed=holdout.seed)
    return figures | {"difference": difference(probability, holdout)}


def difference(other: Floats, holdout: Holdout) -> dict[str, Any]:
    """By how much the model is better than `other` on the same rows, each with its paired 95 % interval.

    `log_loss`: the other's less the model's (bootstrap over dossiers); `roc_auc`: the model's less the other's (DeLong,
    clustered by dossier), None where the rows all came out the same.
    """
    rows = holdout.rows
    gains = log_losses(other, rows.converted) - log_losses(holdout.probability, rows.converted)
    resamples = Resamples(rows.weight, rows.dossier, holdout.seed)
    drawn = resamples.of({"gain": lambda weights: (weights @ gains) / weights.sum(axis=1)})["gain"]
    gain = float(np.average(gains, weights=rows.weight))
    return {"log_loss": {"gain": gain, "interval": interval_of(drawn)}, "roc_auc": _auc_difference(other, holdout)}


def _auc_difference(other: Floats, holdout: Holdout) -> dict[str, Any] | None:
    rows = holdout.rows
    if rows.converted.all() or not rows.converted.any():
        return None
    figures = delong(holdout.probability, other, rows.converted, weight=rows.weight, cluster=rows.dossier)
    return {"gain": figures.difference, "interval": list(figures.interval())}
