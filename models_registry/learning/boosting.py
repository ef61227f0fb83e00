"""Boosted trees of three libraries, each as flat arrays: shallow trees, small steps, as many as time has chosen."""

from __future__ import annotations

import ctypes
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy.special import logit
from threadpoolctl import threadpool_limits

from common.arrays import Bools, Floats
from models_registry.learning.bagging import fitted_in_bags, out_of_bag, smoothed_log_odds
from models_registry.learning.flat import FlatTree, float32_below, from_lightgbm, joined, strictly_below
from models_registry.learning.forest import least_leaf_of
from models_registry.learning.raw import Link
from models_registry.learning.task import Fitted, Progress, Task
from models_registry.learning.windows import losses, older_and_later

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

EDGE = 1e-9


@dataclass(frozen=True)
class BoostingSettings:
    """How trees are boosted."""

    most_rounds: int = 200
    least_rounds: int = 20
    step_of_rounds: int = 10
    learning_rate: float = 0.08
    leaves: int = 12
    depth: int = 4
    l2: float = 5.0
    column_share: float = 0.5
    """The share of the columns that a tree (of scikit-learn: a split) may use."""


class Boosted(Protocol):
    """A library that boosts trees."""

    name: str
    title: str

    def unavailable(self) -> str | None:
        """Why it cannot be used on this machine, and what to install."""

    def grow(self, task: Task, rounds: int, settings: BoostingSettings) -> list[FlatTree]:
        """So many steps, whose sum is in log-odds; what all rows start from is in the first tree."""


class Boosting:
    """Trees boosted in little bags by one of the libraries."""

    def __init__(self, library: Boosted, settings: BoostingSettings = BoostingSettings()) -> None:
        self.library, self.settings = library, settings
        self.name, self.title = library.name, library.title

    def unavailable(self) -> str | None:
        """Why it cannot be used on this machine, and what to install."""
        return self.library.unavailable()

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Learns how many steps on the older dossiers, then boosts in every bag."""
        with threadpool_limits(1, user_api="openmp"):
            rounds = best_rounds(self.library, task, self.settings)
        bags, member = fitted_in_bags(
            task, lambda part: grown(self.library, part, rounds, self.settings), report, self.title
        )
        group = [bag for bag, trees in enumerate(bags) for _ in trees]
        ensemble = joined([tree for trees in bags for tree in trees], group, task.x.shape[1], Link.LOGIT)
        share = ensemble.share(out_of_bag(ensemble.bags(task.x).mean, member))
        parameters = asdict(self.settings) | {"rounds": rounds, "bags": task.bags, "explanation": {"method": "exact"}}
        return Fitted(ensemble, share, parameters)


def grown(library: Boosted, task: Task, rounds: int, settings: BoostingSettings) -> list[FlatTree]:
    """The library's trees; one outcome alone gives its smoothed log-odds."""
    if task.converted.all() or not task.converted.any():
        return [FlatTree.leaf(smoothed_log_odds(task.converted, task.weight))]
    return library.grow(task, rounds, settings)


def best_rounds(library: Boosted, task: Task, settings: BoostingSettings) -> int:
    """How many steps, learnt on the older dossiers, had the least log loss on the later ones."""
    older, later = older_and_later(task)
    trees = grown(library, older, settings.most_rounds, settings)
    steps = [at // settings.step_of_rounds for at in range(len(trees))]
    if steps[-1] == 0 or later.converted.all() or not later.converted.any():
        return settings.least_rounds
    # Each group of steps as a bag of its own: their running sums are the margins as boosting goes on.
    margins = np.cumsum(joined(trees, steps, task.x.shape[1], Link.LOGIT).bags(later.x).mean, axis=1)
    loss = [_loss(margin, later.converted, later.weight) for margin in margins.T]
    return max(settings.least_rounds, (int(np.argmin(loss)) + 1) * settings.step_of_rounds)


def _loss(margin: Floats, converted: Bools, weight: Floats) -> float:
    return float(np.average(losses(Link.LOGIT.share(margin), converted, weight), weights=weight))


class HistGradientBoosting:
    """scikit-learn's."""

    name = "hist_gradient_boosting"
    title = "Histogram gradient boosting"

    def unavailable(self) -> str | None:
        """It always can be used."""
        return None

    def grow(self, task: Task, rounds: int, settings: BoostingSettings) -> list[FlatTree]:
        """Its predictors' nodes."""
        return from_hist(self.boosted(task, rounds, settings))

    def boosted(self, task: Task, rounds: int, settings: BoostingSettings) -> HistGradientBoostingClassifier:
        """The library's own model."""
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - seconds that only training should pay

        model = HistGradientBoostingClassifier(
            max_iter=rounds,
            learning_rate=settings.learning_rate,
            max_leaf_nodes=settings.leaves,
            max_depth=settings.depth,
            min_samples_leaf=least_leaf_of(task.weight),
            l2_regularization=settings.l2,
            max_features=settings.column_share,
            early_stopping=False,
            random_state=task.seed,
        )
        return model.fit(task.x, task.converted, sample_weight=task.weight)


def from_hist(model: HistGradientBoostingClassifier) -> list[FlatTree]:
    """The trees of scikit-learn's model; their sum is its `decision_function`."""
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"] == 1
        left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
        threshold = float32_below(np.where(leaf, 0.0, nodes["num_threshold"]))
        feature = nodes["feature_idx"].astype(np.int64)
        trees.append(FlatTree.of(feature, threshold, left, right, nodes["value"], nodes["count"].astype(np.float64)))
    return [trees[0].raised(float(model._baseline_prediction.item())), *trees[1:]]


class LightGBM:
    """LightGBM's, loaded only where it is used."""

    name = "lightgbm"
    title = "LightGBM"

    def unavailable(self) -> str | None:
        """It needs the system's OpenMP library."""
        try:
            ctypes.CDLL("libgomp.so.1")
        except OSError:
            return (
                "LightGBM needs the library libgomp.so.1, which is not there: "
                "install it (on Debian and Ubuntu: apt-get install libgomp1), or choose another algorithm."
            )
        return None

    def grow(self, task: Task, rounds: int, settings: BoostingSettings) -> list[FlatTree]:
        """Its dumped trees."""
        return from_lightgbm(self.boosted(task, rounds, settings))

    def boosted(self, task: Task, rounds: int, settings: BoostingSettings) -> Any:
        """The library's own model."""
        import lightgbm  # noqa: PLC0415 - seconds that only training should pay

        parameters = {
            "objective": "binary",
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.leaves,
            "max_depth": settings.depth,
            "min_data_in_leaf": least_leaf_of(task.weight),
            "lambda_l2": settings.l2,
            "feature_fraction": settings.column_share,
            "seed": task.seed % (1 << 31),
            "num_threads": 1,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(task.x, label=task.converted.astype(np.float64), weight=task.weight)
        return lightgbm.train(parameters, data, num_boost_round=rounds)


class XGBoost:
    """XGBoost's, loaded only where it is used."""

    name = "xgboost"
    title = "XGBoost"

    def unavailable(self) -> str | None:
        """Its wheel brings all it needs."""
        return None

    def grow(self, task: Task, rounds: int, settings: BoostingSettings) -> list[FlatTree]:
        """Its saved trees."""
        return from_xgboost(self.boosted(task, rounds, settings))

    def boosted(self, task: Task, rounds: int, settings: BoostingSettings) -> Any:
        """The library's own model."""
        import xgboost  # noqa: PLC0415 - seconds that only training should pay

        parameters = {
            "objective": "binary:logistic",
            "eta": settings.learning_rate,
            "max_depth": settings.depth,
            "max_leaves": settings.leaves,
            "min_child_weight": 0.1 * least_leaf_of(task.weight) * float(task.weight.mean()),
            "reg_lambda": settings.l2,
            "colsample_bytree": settings.column_share,
            "base_score": float(np.average(task.converted, weights=task.weight)),
            "tree_method": "hist",
            "seed": task.seed % (1 << 31),
            "nthread": 1,
            "verbosity": 0,
        }
        data = xgboost.DMatrix(task.x, label=task.converted, weight=task.weight, nthread=1)
        return xgboost.train(parameters, data, num_boost_round=rounds)


def from_xgboost(booster: Any) -> list[FlatTree]:
    """The trees of an XGBoost booster; their sum is its margin, but for its float32 sums."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    start = float(logit(float(str(learner["learner_model_param"]["base_score"]).strip("[]"))))
    trees = [_from_xgboost_tree(tree) for tree in learner["gradient_booster"]["model"]["trees"]]
    return [trees[0].raised(start), *trees[1:]]


def _from_xgboost_tree(tree: dict[str, Any]) -> FlatTree:
    left, right = (np.array(tree[side], dtype=np.int64) for side in ("left_children", "right_children"))
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    leaf = left < 0
    return FlatTree.of(
        np.array(tree["split_indices"], dtype=np.int64),
        strictly_below(np.where(leaf, np.float32(0.0), condition)),
        left,
        right,
        np.where(leaf, condition.astype(np.float64), 0.0),
        np.maximum(np.array(tree["sum_hessian"], dtype=np.float64), EDGE),
    )
