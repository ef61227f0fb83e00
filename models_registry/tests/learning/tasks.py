"""Small tasks for the learners, and settings that make them quick."""

from __future__ import annotations

import numpy as np

from models_registry.learning.boosting import (
    Boosted,
    Boosting,
    BoostingSettings,
    HistGradientBoosting,
    LightGBM,
    XGBoost,
)
from models_registry.learning.encoding import Encoder
from models_registry.learning.ensemble import Ensemble
from models_registry.learning.logistic import LogisticRegression
from models_registry.learning.perceptron import Perceptron
from models_registry.learning.task import Algorithm, Task
from models_registry.tests.learning.simulated import leads

QUICK = BoostingSettings(most_rounds=40, least_rounds=10)
LIBRARIES: tuple[Boosted, ...] = (HistGradientBoosting(), LightGBM(), XGBoost())
ALGORITHMS: tuple[Algorithm, ...] = (
    LogisticRegression(),
    *(Boosting(library, QUICK) for library in LIBRARIES),
    Perceptron(),
    Ensemble((LogisticRegression(), Boosting(HistGradientBoosting(), QUICK))),
)


def task(n: int = 500, *, seed: int = 2, snapshots: int = 1, n_jobs: int = 1, bags: int = 4) -> Task:
    """Simulated leads that are easy to tell apart, encoded."""
    rows, _ = leads(n, seed=seed, snapshots=snapshots, contrast=2.0)
    x = Encoder.fit(rows).transform(rows.columns)
    return Task(x, rows.converted, rows.weight, rows.dossier, 1, n_jobs, rows.created_at, bags)


def noise(n: int = 500) -> Task:
    """The same leads, three in ten converted by chance."""
    one = task(n)
    chance = np.random.default_rng(4).random(n) < 0.3
    return Task(one.x, chance, one.weight, one.dossier, 1, 1, one.created_at, one.bags)
