"""Thresholds, curves, groups, baselines and growth with data: as in the textbook, and honest where there is little."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn import metrics as theirs

from common.arrays import Floats
from common.release import RELEASE
from leads.features import LabelledRows
from models_registry.learning import learning_curve as growth
from models_registry.learning.baselines import Holdout, baselines, difference
from models_registry.learning.card import versions
from models_registry.learning.curves import calibration, curves_of, lift, precision_recall, roc
from models_registry.learning.evaluation import calibration_error
from models_registry.learning.groups import by_age, by_source
from models_registry.learning.learning_curve import PowerLaw, learning_curve
from models_registry.learning.rules import Rule
from models_registry.learning.thresholds import Thresholds
from models_registry.learning.wilson import wilson
from models_registry.tests.learning.simulated import leads


def sample(n: int = 400) -> tuple[Floats, NDArray[np.bool_], Floats]:
    rng = np.random.default_rng(0)
    truth = rng.beta(1, 2, n)
    return np.round(truth, 2), rng.random(n) < truth, rng.uniform(0.2, 1.0, n)


def test_the_card_names_our_release_and_every_library_that_learns() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert project["version"] == RELEASE == versions()["leadqual"]
    assert {"python", "scikit-learn", "lightgbm", "xgboost-cpu"} < versions().keys()


def test_no_other_threshold_has_a_better_f1_or_a_lower_cost() -> None:
    p, y, weight = sample()
    chosen = Thresholds.choose(p, y, weight, cost_ratio=3.0)
    rows = [Thresholds(at, at, 3.0).measure(p, y, weight)[1] for at in np.unique(p)]
    half, f1_best, cost_best = chosen.measure(p, y, weight)
    assert (half["threshold"], half["chosen_on"]) == (0.5, None)
    assert f1_best["f1"] == max(row["f1"] for row in rows)
    assert cost_best["cost"] == pytest.approx(min(row["cost"] for row in rows))
    assert f1_best["f1"] == pytest.approx(theirs.f1_score(y, p >= chosen.f1_best, sample_weight=weight))


def test_dear_misses_lower_the_threshold() -> None:
    p, y, weight = sample(5000)
    found = [Thresholds.choose(p, y, weight, cost_ratio=ratio).cost_best for ratio in (1.0, 5.0)]
    assert found == pytest.approx([1 / 2, 1 / 6], abs=0.08)


def test_the_curves_lie_on_scikit_learns() -> None:
    p, y, weight = sample()
    false, true, _ = theirs.roc_curve(y, p, sample_weight=weight, drop_intermediate=False)
    points = roc(p, y, weight)
    assert points[-1]["true_positive_rate"] == points[-1]["false_positive_rate"] == 1.0
    assert len(points) <= 41
    for point in points:
        gap = np.abs(false - point["false_positive_rate"]) + np.abs(true - point["true_positive_rate"])
        assert gap.min() < 1e-9
    precision, recall, _ = theirs.precision_recall_curve(y, p, sample_weight=weight)
    for point in precision_recall(p, y, weight):
        assert (np.abs(recall - point["recall"]) + np.abs(precision - point["precision"])).min() < 1e-9


def test_the_calibration_bins_make_up_the_calibration_error() -> None:
    p, y, weight = sample()
    bins = calibration(p, y, weight)
    gap = sum(each["leads"] * abs(each["predicted"] - each["observed"]) for each in bins) / weight.sum()
    assert gap == pytest.approx(calibration_error(p, y, weight))
    assert max(each["leads"] for each in bins) < 1.2 * min(each["leads"] for each in bins)
    assert all(each["interval"][0] <= each["observed"] <= each["interval"][1] for each in bins)


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert wilson(28, 100) == pytest.approx(list(binomtest(28, 100).proportion_ci(method="wilson")))
    assert wilson(0, 10)[0] == 0.0


def test_the_tenths_hold_all_conversions_likeliest_first() -> None:
    p, y, weight = sample(1000)
    tenths = lift(p, y, weight)
    assert [each["tenth"] for each in tenths] == list(range(1, 11))
    assert tenths[-1]["gain"] == pytest.approx(1.0)
    assert np.average([each["lift"] for each in tenths], weights=[each["leads"] for each in tenths]) == pytest.approx(1)
    assert tenths[0]["lift"] > 1.5
    assert tenths[-1]["lift"] < 0.5


def test_one_outcome_alone_draws_no_curve_and_says_why() -> None:
    curves = curves_of(np.full(20, 0.2), np.zeros(20, dtype=bool), np.ones(20))
    assert (curves["roc"], curves["precision_recall"], curves["lift"]) == (None, None, None)
    assert "same" in curves["reasons"]["roc"]
    assert curves["calibration"]


def test_groups_are_measured_where_they_are_large_enough() -> None:
    rows, truth = leads(400, seed=5)
    rows.columns["source"][:3] = "rare"
    groups = by_source(rows, truth)
    assert sum(group["rows"] for group in groups) == 400
    assert [group["dossiers"] for group in groups] == sorted((group["dossiers"] for group in groups), reverse=True)
    rare = next(group for group in groups if group["source"] == "rare")
    assert (rare["roc_auc"], rare["reason"]) == (None, "Fewer than 10 leads of an outcome.")
    large = groups[0]
    inside = rows.columns["source"] == large["source"]
    assert large["roc_auc"] == pytest.approx(theirs.roc_auc_score(rows.converted[inside], truth[inside]))


def test_ages_are_told_apart_by_when_the_lead_was_scored() -> None:
    rows, truth = leads(300, seed=5)
    later = rows.created_at + np.where(np.arange(300) < 150, np.timedelta64(7, "D"), np.timedelta64(0, "D"))
    scored = replace(rows, moment=later)
    groups = by_age(scored, truth, scored)
    assert [(group["age"], group["rows"]) for group in groups] == [("under an hour", 150), ("1 to 2 weeks", 150)]


def test_an_age_that_was_learnt_from_and_is_not_measured_says_so() -> None:
    rows, truth = leads(300, seed=5)
    month = replace(rows, moment=rows.created_at + np.timedelta64(30, "D"))
    at_once = replace(rows, moment=rows.created_at)
    measured, lacking = by_age(at_once, truth, month)
    assert (measured["age"], measured["rows"], lacking["age"]) == ("under an hour", 300, "1 to 2 months")
    assert (lacking["rows"], lacking["base_rate"], lacking["roc_auc"]) == (0, None, None)
    assert "old enough to be settled" in lacking["reason"]
    assert set(measured) == set(lacking)


def test_a_model_is_compared_with_simpler_means_on_the_same_rows() -> None:
    rows, truth = leads(1500, seed=5)
    past, newest = rows.take(np.arange(1000)), rows.take(np.arange(1000, 1500))
    found = baselines(past, Holdout(newest, truth[1000:], 1))
    for baseline in found.values():
        gain = baseline["difference"]["roc_auc"]
        assert gain["interval"][0] < gain["gain"] < gain["interval"][1]
        assert 0.5 < baseline["roc_auc"] < theirs.roc_auc_score(newest.converted, truth[1000:])
        assert baseline["difference"]["log_loss"]["interval"][0] > 0


def test_a_model_is_no_better_than_itself() -> None:
    rows, truth = leads(300, seed=5)
    assert difference(truth, Holdout(rows, truth, 1)) == {
        "log_loss": {"gain": 0.0, "interval": [0.0, 0.0]},
        "roc_auc": {"gain": 0.0, "interval": [0.0, 0.0]},
    }


def test_rules_about_nothing_that_is_there_are_not_measured() -> None:
    rows, truth = leads(300, seed=5)
    about = (Rule("outbound_messages_count", 1, None, 5),)
    assert "none of the features" in baselines(rows, Holdout(rows, truth, 1), about)["rules"]["reasons"]["all"]


def test_a_power_law_is_found_again() -> None:
    n = np.array([100.0, 200.0, 400.0, 800.0])
    law = PowerLaw.fit(n, 0.8 - 2.0 * n**-0.7)
    assert (law.a, law.b, law.c) == pytest.approx((0.8, 2.0, 0.7))
    assert law(1600) == pytest.approx(0.8 - 2.0 * 1600**-0.7)


def test_the_learning_curve_learns_from_the_newest_and_ends_with_the_model() -> None:
    rows, truth = leads(1000, seed=5)
    past, newest = rows.take(np.arange(800)), rows.take(np.arange(800, 1000))
    seen: list[LabelledRows] = []

    def learner(part: LabelledRows) -> Floats:
        seen.append(part)
        return np.full(200, 0.3)

    curve = learning_curve(past, newest, truth[800:], learner)
    assert [point["leads"] for point in curve["points"]] == [100, 200, 400, 800]
    assert all(part.created_at.max() == past.created_at.max() for part in seen)
    assert [point["roc_auc"] for point in curve["points"][:3]] == [0.5] * 3


def test_what_more_data_would_bring_is_said_in_words() -> None:
    assert "Twice as many leads would raise ROC-AUC by about 0.02" in growth.words([], 0.021)
    assert "would bring little" in growth.words([], 0.001)
    assert "too few leads" in growth.words([], None)
