"""The learners to choose from, each behind one interface."""

from __future__ import annotations

from dataclasses import asdict

from models_registry.learning import forest
from models_registry.learning.boosting import Boosting, HistGradientBoosting, LightGBM, XGBoost
from models_registry.learning.ensemble import Ensemble
from models_registry.learning.logistic import LogisticRegression
from models_registry.learning.perceptron import Perceptron
from models_registry.learning.search import Auto
from models_registry.learning.task import BAGS, Algorithm, Fitted, Progress, Task

TREES = 100


class RandomForest:
    """100 trees of depth 10 in little bags, classes balanced."""

    name = "random_forest"
    title = "Random forest"

    def unavailable(self) -> str | None:
        """It always can be used."""
        return None

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Grows the forest; out-of-sample scores are its out-of-bag ones."""
        settings = forest.ForestSettings(bags=task.bags, trees_per_bag=TREES // task.bags)
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
        return Fitted(grown.ensemble, grown.out_of_bag, parameters | {"explanation": {"method": "exact"}})


SIMPLEST_FIRST: tuple[Algorithm, ...] = (
    LogisticRegression(),
    RandomForest(),
    Boosting(HistGradientBoosting()),
    Boosting(LightGBM()),
    Boosting(XGBoost()),
    Ensemble((LogisticRegression(), RandomForest(), Boosting(HistGradientBoosting()))),
    Perceptron(),
)
"""What `auto` tries: the first that is as good as the best, up to chance, is taken."""

AUTO = "auto"
DEFAULT = RandomForest.name
NAMES = (
    AUTO,
    "random_forest",
    "logistic_regression",
    "hist_gradient_boosting",
    "lightgbm",
    "xgboost",
    "mlp",
    "ensemble",
)
ALGORITHMS: dict[str, Algorithm] = {
    name: algorithm for name in NAMES for algorithm in SIMPLEST_FIRST if algorithm.name == name
}


def named(name: str) -> Algorithm:
    """The algorithm of that name; `auto` tries them. Raises ValueError where it is unknown, or cannot be used here."""
    if name == AUTO:
        return Auto(SIMPLEST_FIRST)
    if name not in ALGORITHMS:
        raise ValueError(f"Unknown algorithm {name!r}: it must be one of {', '.join(NAMES)}.")
    if why := ALGORITHMS[name].unavailable():
        raise ValueError(why)
    return ALGORITHMS[name]


__all__ = ["ALGORITHMS", "AUTO", "BAGS", "NAMES", "Algorithm", "Fitted", "Progress", "RandomForest", "Task", "named"]
