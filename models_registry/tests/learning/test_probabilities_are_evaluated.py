"""The figures equal the textbook's; what cannot be computed is None and says why."""

import json

import numpy as np
import pytest
from sklearn import metrics as theirs

from models_registry.learning.evaluation import calibration_error, evaluate
from models_registry.learning.ranking import WeightedAuc
from models_registry.measures import MEASURES


def sample(n: int = 500) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", ...]:
    rng = np.random.default_rng(0)
    truth = rng.beta(1, 2, n)
    return np.round(truth, 2), rng.random(n) < truth, rng.uniform(0.2, 1.0, n), np.arange(n) // 2


def test_the_figures_equal_scikit_learns() -> None:
    p, y, weight, dossier = sample()
    figures = evaluate(p, y == 1, weight, dossier.astype(np.int64), seed=1)
    said = p >= 0.5
    assert figures["roc_auc"] == pytest.approx(theirs.roc_auc_score(y, p, sample_weight=weight), abs=1e-12)
    assert figures["pr_auc"] == pytest.approx(theirs.average_precision_score(y, p, sample_weight=weight), abs=1e-12)
    assert figures["log_loss"] == pytest.approx(theirs.log_loss(y, p, sample_weight=weight), abs=1e-9)
    assert figures["brier"] == pytest.approx(theirs.brier_score_loss(y, p, sample_weight=weight), abs=1e-12)
    for name in ("precision", "recall", "f1"):
        score = getattr(theirs, f"{name}_score")
        assert figures[name] == pytest.approx(score(y, said, sample_weight=weight), abs=1e-12)
    assert figures["accuracy"] == pytest.approx(theirs.accuracy_score(y, said, sample_weight=weight), abs=1e-12)


def test_the_counts_are_of_rows_and_of_dossiers() -> None:
    p, y, weight, dossier = sample(10)
    figures = evaluate(p, y == 1, weight, dossier.astype(np.int64), seed=1)
    assert (figures["rows"], figures["dossiers"]) == (10, 5)
    assert figures["positives"] == len(set(dossier[y == 1]))
    assert sum(figures["confusion_matrix"].values()) == pytest.approx(weight.sum())


def test_the_intervals_hold_the_figures_and_narrow_with_data() -> None:
    widths = []
    for n in (200, 5000):
        p, y, weight, dossier = sample(n)
        figures = evaluate(p, y == 1, weight, dossier.astype(np.int64), seed=1)
        for name in ("roc_auc", "log_loss"):
            low, high = figures["intervals"][name]
            assert low < figures[name] < high
        widths.append(figures["intervals"]["roc_auc"][1] - figures["intervals"]["roc_auc"][0])
    assert widths[1] < 0.4 * widths[0]


def test_every_figure_that_is_compared_has_an_interval_for_what_chance_may_do() -> None:
    p, y, weight, dossier = sample(200)
    figures = evaluate(p, y == 1, weight, dossier.astype(np.int64), seed=1)
    assert {measure.key for measure in MEASURES} == set(figures["intervals"])
    low, high = figures["intervals"]["accuracy"]
    assert low < figures["accuracy"] < high


def test_snapshots_do_not_narrow_the_intervals() -> None:
    p, y, _, _ = sample(200)
    alone = evaluate(p, y == 1, np.ones(200), np.arange(200), seed=1)
    many = np.repeat(np.arange(200), 4)
    repeated = evaluate(p[many], y[many] == 1, np.full(800, 0.25), many, seed=1)
    assert repeated["intervals"]["roc_auc"] == pytest.approx(alone["intervals"]["roc_auc"], abs=1e-9)


@pytest.mark.parametrize(("converted", "said"), [(False, "No lead converted"), (True, "Every lead converted")])
def test_one_outcome_only_leaves_nothing_to_rank(converted: bool, said: str) -> None:
    figures = evaluate(np.full(5, 0.3), np.full(5, converted), np.ones(5), np.arange(5), seed=1)
    assert figures["roc_auc"] is None
    assert figures["intervals"]["roc_auc"] is None
    assert said in figures["reasons"]["roc_auc"]
    assert figures["log_loss"] > 0
    json.dumps(figures, allow_nan=False)


def test_precision_is_unknown_where_nothing_was_said_to_convert() -> None:
    figures = evaluate(np.full(4, 0.1), np.array([True, False, False, False]), np.ones(4), np.arange(4), seed=1)
    assert figures["precision"] is None
    assert "precision" in figures["reasons"]
    assert (figures["recall"], figures["f1"]) == (0.0, 0.0)


def test_the_calibration_error_is_the_mean_gap_of_equal_masses() -> None:
    p = np.repeat([0.1, 0.6], 100)
    y = np.concatenate([np.arange(100) < 20, np.arange(100) < 50])
    assert calibration_error(p, y, np.ones(200), bins=2) == pytest.approx(0.1)


def test_the_bootstraps_area_is_the_area() -> None:
    p, y, weight, _ = sample()
    assert WeightedAuc(p, y == 1)(weight) == pytest.approx(theirs.roc_auc_score(y, p, sample_weight=weight), abs=1e-12)
