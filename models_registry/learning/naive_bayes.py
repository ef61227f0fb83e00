"""Naive Bayes on exact values: what the best-known open-source CRM does, as a baseline to beat.

Odoo's predictive lead scoring (`crm.lead`, `_pls_get_naive_bayes_probabilities`, Odoo 13 to 17) keeps for each field
how many leads with each exact value were won and lost, 0.1 added to either so that nothing is impossible, and answers

    P(won | x) = W / (W + L),  W = P(won) * prod_f won(f, x_f) / won(f),  L = P(lost) * prod_f lost(f, x_f) / lost(f)

with won(f) the sum over the field's values. Missing and unseen values say nothing. The answer is kept within 0.01 %
and 99.99 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.arrays import Floats
from leads.features import Column, Columns, LabelledRows

SMOOTHING = 0.1
LEAST, MOST = 0.0001, 0.9999
MOST_VALUES = 50
"""A number with more values than that is no choice from a list, which is what such a CRM counts."""


@dataclass(frozen=True)
class NaiveBayes:
    """The learnt frequencies: `fields` holds for each field log(P(value | won) / P(value | lost)) of each value."""

    prior: float
    fields: Mapping[str, Mapping[Any, float]]

    @classmethod
    def fit(cls, rows: LabelledRows) -> NaiveBayes:
        """Counts the rows by their weight. Both outcomes must be there."""
        weight, converted = rows.weight, rows.converted
        counted = {
            feature.name: _counts(rows.columns[feature.name], np.where(converted, weight, 0.0), weight)
            for feature in rows.features
        }
        fields = {name: _evidence(won, lost) for name, (won, lost) in counted.items() if _is_list(won)}
        won = float(weight[converted].sum())
        return cls(float(np.log(won / (float(weight.sum()) - won))), fields)

    def predict(self, columns: Columns) -> Floats:
        """The probability of each of the n rows, (n,). Raises KeyError where a field's column is not there."""
        parts = [_looked_up(columns[name], evidence) for name, evidence in self.fields.items()]
        n = len(next(iter(columns.values())))
        odds = self.prior + np.sum(parts, axis=0) if parts else np.full(n, self.prior)
        return np.asarray(np.clip(1.0 / (1.0 + np.exp(-np.clip(odds, -50.0, 50.0))), LEAST, MOST))


def _counts(column: Column, won: Floats, weight: Floats) -> tuple[dict[Any, float], dict[Any, float]]:
    """How many were won and lost with each value."""
    good: dict[Any, float] = {}
    bad: dict[Any, float] = {}
    for value, each, whole in zip(column.tolist(), won.tolist(), weight.tolist(), strict=True):
        if value is not None and value == value:
            good[value] = good.get(value, SMOOTHING) + each
            bad[value] = bad.get(value, SMOOTHING) + whole - each
    return good, bad


def _is_list(won: Mapping[Any, float]) -> bool:
    return len(won) > 0 and (len(won) <= MOST_VALUES or all(isinstance(value, str) for value in won))


def _evidence(won: Mapping[Any, float], lost: Mapping[Any, float]) -> dict[Any, float]:
    shift = np.log(sum(lost.values()) / sum(won.values()))
    return {value: float(np.log(won[value] / lost[value]) + shift) for value in won}


def _looked_up(column: Column, evidence: Mapping[Any, float]) -> Floats:
    return np.array([evidence.get(value, 0.0) for value in column.tolist()], dtype=np.float64)
