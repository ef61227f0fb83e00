"""Boosted trees as our arrays say what the library says, and give the library's own reasons."""

import numpy as np
import pytest
import xgboost

from models_registry.learning.boosting import (
    BoostingSettings,
    HistGradientBoosting,
    LightGBM,
    XGBoost,
    from_hist,
    from_lightgbm,
    from_xgboost,
)
from models_registry.learning.flat import FlatTree, joined
from models_registry.learning.raw import Link
from models_registry.learning.trees import TreeEnsemble
from models_registry.tests.learning.tasks import task

SETTINGS = BoostingSettings()
ROUNDS = 30
TASK = task(600)
FRESH = task(400, seed=9)


def ours(trees: list[FlatTree]) -> TreeEnsemble:
    return joined(trees, [0] * len(trees), TASK.x.shape[1], Link.LOGIT)


def with_edges() -> np.ndarray:
    """Fresh rows, the training rows, whose values lie on the thresholds, and zeros of either sign."""
    zeros = np.zeros((2, TASK.x.shape[1]), dtype=np.float32)
    zeros[1] = -0.0
    return np.concatenate([FRESH.x, TASK.x, zeros])


def test_scikit_learn() -> None:
    model = HistGradientBoosting().boosted(TASK, ROUNDS, SETTINGS)
    x = with_edges()
    assert ours(from_hist(model)).bags(x).raw == pytest.approx(model.decision_function(x), abs=1e-9)


def test_lightgbm() -> None:
    booster = LightGBM().boosted(TASK, ROUNDS, SETTINGS)
    x, trees = with_edges(), ours(from_lightgbm(booster))
    assert trees.bags(x).raw == pytest.approx(booster.predict(x, raw_score=True), abs=1e-9)
    reasons = booster.predict(FRESH.x, pred_contrib=True)
    assert trees.contributions(FRESH.x) == pytest.approx(reasons[:, :-1], abs=1e-6)
    assert trees.base == pytest.approx(reasons[0, -1], abs=1e-6)


def test_xgboost() -> None:
    booster = XGBoost().boosted(TASK, ROUNDS, SETTINGS)
    x, trees = with_edges(), ours(from_xgboost(booster))
    assert trees.bags(x).raw == pytest.approx(booster.predict(xgboost.DMatrix(x), output_margin=True), abs=2e-6)
    reasons = booster.predict(xgboost.DMatrix(FRESH.x), pred_contribs=True)
    assert trees.contributions(FRESH.x) == pytest.approx(reasons[:, :-1], abs=1e-5)
    assert trees.base == pytest.approx(reasons[0, -1], abs=1e-5)


def test_a_row_on_a_threshold_goes_where_a_strict_library_sends_it() -> None:
    x = np.repeat(np.array([[-1.0], [0.0], [1.0]], dtype=np.float32), 50, axis=0)
    booster = xgboost.train(
        {"max_depth": 1, "objective": "binary:logistic", "base_score": 0.5, "min_child_weight": 0},
        xgboost.DMatrix(x, label=x[:, 0] >= 0.0),
        num_boost_round=1,
    )
    margins = booster.predict(xgboost.DMatrix(x), output_margin=True)
    assert joined(from_xgboost(booster), [0], 1, Link.LOGIT).bags(x).raw == pytest.approx(margins, abs=1e-6)
