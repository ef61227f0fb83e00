"""A model that is learnt within a second, to measure what a feature adds: on the newest part of the training rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from common.arrays import Floats, Matrix
from leads.features import LabelledRows
from models_registry.learning.boosting import LightGBM
from models_registry.learning.encoding import Encoder
from models_registry.learning.evaluation import log_losses
from models_registry.learning.ranking import WeightedAuc
from models_registry.learning.split import forward_split, shuffled_split

Trees = Callable[[Matrix], Any]
"""What gives encoded rows, (n, columns), their probabilities, (n,)."""
INNER_SHARE = 0.25
MOST_LEARNT, MOST_MEASURED = 20_000, 5_000
FEWEST = 10
"""Leads of each outcome, in either part: of fewer, nothing is told."""
ROUNDS, LEAST_LEAF, LEAST_LEAF_SHARE = 80, 20, 0.02
SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 8,
    "learning_rate": 0.06,
    "lambda_l2": 5.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


@dataclass(frozen=True)
class Inner:
    """A sample of the training part, split into rows to learn from and newer ones to measure on."""

    older: LabelledRows
    newer: LabelledRows

    @classmethod
    def of(cls, past: LabelledRows, *, seed: int) -> Inner:
        """Split forward in time. What the model itself will be measured on stays unseen."""
        train, test = forward_split(past, INNER_SHARE)
        rng = np.random.default_rng(seed)
        return cls(sampled_rows(past.take(train), MOST_LEARNT, rng), sampled_rows(past.take(test), MOST_MEASURED, rng))

    def shuffled(self, *, seed: int) -> Inner:
        """The same rows, their dossiers split at random."""
        rows = joined(self.older, self.newer)
        train, test = shuffled_split(rows, INNER_SHARE, seed=seed)
        return Inner(rows.take(train), rows.take(test))

    def without(self, names: set[str]) -> Inner:
        """The same rows without these features."""
        return Inner(self.older.without(names), self.newer.without(names))

    @property
    def is_telling(self) -> bool:
        """Whether both parts hold enough leads of both outcomes to tell anything."""
        return self.holds(FEWEST)

    def holds(self, fewest: int) -> bool:
        """Whether both parts hold so many leads of each outcome."""
        return all(_leads_of(part, outcome) >= fewest for part in (self.older, self.newer) for outcome in (True, False))


def joined(first: LabelledRows, second: LabelledRows) -> LabelledRows:
    """The rows of both, which have the same features."""
    return replace(
        first,
        columns={name: np.concatenate([each, second.columns[name]]) for name, each in first.columns.items()},
        converted=np.concatenate([first.converted, second.converted]),
        weight=np.concatenate([first.weight, second.weight]),
        dossier=np.concatenate([first.dossier, second.dossier]),
        created_at=np.concatenate([first.created_at, second.created_at]),
        moment=np.concatenate([first.moment, second.moment]),
    )


def _leads_of(rows: LabelledRows, outcome: bool) -> int:
    return len(np.unique(rows.dossier[rows.converted == outcome]))


def sampled_rows(rows: LabelledRows, most: int, rng: np.random.Generator) -> LabelledRows:
    """At most so many rows, by whole dossiers."""
    if len(rows) <= most:
        return rows
    dossiers = rng.permutation(np.unique(rows.dossier))
    return rows.take(np.isin(rows.dossier, dossiers[: max(len(dossiers) * most // len(rows), 1)]))


class Quick:
    """Boosted trees, few and shallow, by one thread. Deterministic by the seed."""

    def __init__(self, rows: LabelledRows, *, seed: int) -> None:
        """Learns from the rows."""
        self.encoder = Encoder.fit(rows)
        self._constant = float(np.average(rows.converted, weights=rows.weight))
        self._trees: Trees | None = None
        if self.encoder.columns:
            matrix = self.encoder.transform(rows.columns)
            leaf = max(LEAST_LEAF, round(LEAST_LEAF_SHARE * len(matrix)))
            grown = _by_lightgbm if LightGBM().unavailable() is None else _by_scikit_learn
            self._trees = grown(matrix, rows, leaf=leaf, seed=seed)

    def of_matrix(self, matrix: Matrix) -> Floats:
        """Probabilities, (n,), of encoded rows."""
        if self._trees is None:
            return np.full(len(matrix), self._constant)
        return np.asarray(self._trees(matrix), dtype=np.float64)

    def __call__(self, rows: LabelledRows) -> Floats:
        """Probabilities, (n,)."""
        return self.of_matrix(self.encoder.transform(rows.columns))


def _by_lightgbm(matrix: Matrix, rows: LabelledRows, *, leaf: int, seed: int) -> Trees:
    import lightgbm  # noqa: PLC0415 - seconds that only training should pay

    data = lightgbm.Dataset(matrix, rows.converted.astype(np.float32), weight=rows.weight)
    settings = SETTINGS | {"seed": seed, "min_data_in_leaf": leaf}
    booster = lightgbm.train(settings, data, num_boost_round=ROUNDS)
    return partial(booster.predict, num_threads=1)


def _by_scikit_learn(matrix: Matrix, rows: LabelledRows, *, leaf: int, seed: int) -> Trees | None:
    """The same by scikit-learn, where LightGBM cannot be loaded. None with a single outcome, which it refuses."""
    if rows.converted.all() or not rows.converted.any():
        return None
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - the same

    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        learning_rate=SETTINGS["learning_rate"],
        max_leaf_nodes=SETTINGS["num_leaves"],
        min_samples_leaf=leaf,
        l2_regularization=SETTINGS["lambda_l2"],
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(1, user_api="openmp"):
        model.fit(matrix, rows.converted, sample_weight=rows.weight)
    return lambda unseen: model.predict_proba(unseen)[:, 1]


def auc_of(probability: Floats, rows: LabelledRows) -> float | None:
    """ROC-AUC by weight; None where the rows hold one outcome only."""
    return WeightedAuc(probability, rows.converted)(rows.weight)


def losses_of(probability: Floats, rows: LabelledRows) -> Floats:
    """Each row's log loss, (n,)."""
    return log_losses(probability, rows.converted)
