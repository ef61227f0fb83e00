"""The learners to choose from, each behind one interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models_registry.learning import forest
from models_registry.learning.raw import Floats, Matrix, RawScorer

Progress = Callable[[float, str], None]
"""Told the share done, 0 to 1, and words."""


@dataclass(frozen=True)
class Task:
    """What to learn: n encoded rows, what became of them, and whose they are."""

    x: Matrix
    converted: NDArray[np.bool_]
    weight: Floats
    dossier: NDArray[np.int64]
    seed: int
    n_jobs: int = 2


@dataclass(frozen=True)
class Fitted:
    """What was learnt, and the raw score that each row got from learners that had not seen its dossier, (n,)."""

    raw: RawScorer
    out_of_sample: Floats
    parameters: dict[str, Any] = field(default_factory=dict)


class Algorithm(Protocol):
    """A way of learning. Deterministic by the task's seed."""

    name: str
    title: str

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Learns from the task's rows."""


class RandomForest:
    """100 trees of depth 10 in little bags, classes balanced."""

    name = "random_forest"
    title = "Random forest"

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Grows the forest; out-of-sample scores are its out-of-bag ones."""
        settings = forest.ForestSettings()
        grown = forest.grow(
            task.x,
            task.converted,
            task.weight,
            task.dossier,
            seed=task.seed,
            n_jobs=task.n_jobs,
            settings=settings,
            report=report,
        )
        least = forest.least_leaf_of(task.weight)
        parameters = asdict(settings) | {"least_leaf": least, "class_weight": "balanced", "max_features": "sqrt"}
        return Fitted(grown.ensemble, grown.out_of_bag, parameters)


AUTO = "auto"
ALGORITHMS: dict[str, Algorithm] = {algorithm.name: algorithm for algorithm in (RandomForest(),)}
NAMES = (AUTO, *ALGORITHMS)


def named(name: str) -> Algorithm:
    """The algorithm of that name; `auto` is the random forest. Raises ValueError that names the known ones."""
    if name == AUTO:
        return ALGORITHMS[RandomForest.name]
    if name not in ALGORITHMS:
        raise ValueError(f"Unknown algorithm {name!r}: it must be one of {', '.join(NAMES)}.")
    return ALGORITHMS[name]
