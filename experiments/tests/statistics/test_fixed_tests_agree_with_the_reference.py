"""Tests at a fixed moment: gbstats for means and CUPED, statsmodels and SciPy for rates."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from experiments.statistics import cuped, means, proportions
from experiments.statistics.cuped import Joint
from experiments.statistics.means import Sums
from experiments.statistics.proportions import Counts
from experiments.tests.reference import figures
from models_registry.learning.holm import holm

CASES = [case for case in figures("gbstats")["cases"] if case["test"] == "TwoSidedTTest"]
SMALL = [Counts(0, 1), Counts(0, 30), Counts(1, 2), Counts(30, 30), Counts(2, 40), Counts(150, 1000)]


@pytest.mark.parametrize(
    "case", [each for each in CASES if (each["metric"], each["difference"]) == ("mean", "absolute")]
)
def test_means_are_compared_as_gbstats_does(case: Any) -> None:
    arms = [Sums(arm["n"], arm["sum"], arm["sum_squares"]) for arm in (case["a"], case["b"])]
    found = means.compare(*arms)
    told, estimate = case["result"], found.estimate()
    assert found.value == pytest.approx(told["expected"], rel=1e-9)
    assert found.standard_error == pytest.approx(told["uplift"]["stddev"], rel=1e-9)
    assert [estimate.low, estimate.high] == pytest.approx(told["ci"], rel=1e-7)
    assert found.p_value == pytest.approx(told["pValue"], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if case["metric"] == "cuped_mean"])
def test_the_covariate_takes_out_what_gbstats_takes_out(case: Any) -> None:
    arms = [
        Joint(
            n=arm["n"],
            y=arm["post_sum"],
            yy=arm["post_sum_squares"],
            x=arm["pre_sum"],
            xx=arm["pre_sum_squares"],
            xy=arm["post_pre_sum_products"],
        )
        for arm in (case["a"], case["b"])
    ]
    found = cuped.adjust(*arms)
    assert found is not None
    assert found.theta == pytest.approx(case["theta"], rel=1e-9)
    assert found.value == pytest.approx(case["result"]["expected"], rel=1e-9)
    assert found.standard_error == pytest.approx(case["result"]["uplift"]["stddev"], rel=1e-9)
    assert 0.5 < found.reduction < 0.7


def test_a_covariate_that_is_the_same_for_all_takes_out_nothing() -> None:
    assert cuped.adjust(Joint(10, 3, 3, 5, 2.5, 1.5), Joint(10, 4, 4, 5, 2.5, 2.0)) is None


@pytest.mark.parametrize("control", SMALL)
@pytest.mark.parametrize("treatment", SMALL)
def test_no_interval_has_width_zero_and_each_holds_its_value(control: Counts, treatment: Counts) -> None:
    for found in (
        proportions.rate(control),
        proportions.difference(control, treatment),
        proportions.lift(control, treatment),
    ):
        assert found.width > 1e-6
        if found.value is not None:
            assert found.low is not None
            assert found.low - 1e-12 <= found.value
            assert found.high is None or found.value <= found.high + 1e-12


def test_the_difference_is_newcombes_of_statsmodels() -> None:
    found = proportions.difference(Counts(150, 1000), Counts(185, 1000))
    told = confint_proportions_2indep(185, 1000, 150, 1000, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(told)
    assert found.value == pytest.approx(0.035)


def test_the_lift_is_near_the_score_interval_of_statsmodels() -> None:
    found = proportions.lift(Counts(150, 1000), Counts(185, 1000))
    told = confint_proportions_2indep(185, 1000, 150, 1000, method="score", compare="ratio")
    assert found.value == pytest.approx(0.2333, abs=1e-4)
    assert (found.low, found.high) == pytest.approx((told[0] - 1, told[1] - 1), abs=0.005)


def test_the_lift_without_a_conversion_in_control_has_a_lower_end_and_a_reason() -> None:
    found = proportions.lift(Counts(0, 100), Counts(5, 100))
    assert (found.value, found.high, found.reason) == (None, None, "NO_CONTROL_CONVERSIONS")
    assert found.low is not None
    assert found.low > 0
    assert found.excludes_zero


def test_large_arms_are_tested_by_z_and_small_ones_by_fisher() -> None:
    large = proportions.fixed_test(Counts(150, 1000), Counts(185, 1000))
    assert (large.name, large.p_value) == ("Z", pytest.approx(proportions_ztest([185, 150], [1000, 1000])[1]))
    small = proportions.fixed_test(Counts(1, 20), Counts(6, 21))
    assert (small.name, small.p_value) == ("FISHER", pytest.approx(fisher_exact([[6, 15], [1, 19]]).pvalue))


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        (Counts(0, 0), Counts(1, 9), "NO_LEADS"),
        (Counts(0, 50), Counts(0, 60), "NO_CONVERSIONS"),
        (Counts(50, 50), Counts(60, 60), "ALL_CONVERTED"),
    ],
)
def test_what_cannot_be_tested_has_no_p_value_and_a_reason(control: Counts, treatment: Counts, reason: str) -> None:
    found = proportions.fixed_test(control, treatment)
    assert (found.p_value, found.reason) == (None, reason)


def test_means_without_variation_are_not_given_an_interval() -> None:
    assert means.mean(Sums(50, 0.0, 0.0)).reason == "NO_VARIATION"
    assert means.reason_against(Sums(1, 2.0, 4.0), Sums(9, 2.0, 4.0)) == "TOO_FEW_LEADS"


def test_the_interval_of_the_ratio_holds_the_truth_in_95_of_100_cases() -> None:
    chance, held = np.random.default_rng(3), 0
    old, new = chance.binomial(200, 0.08, 1_000), chance.binomial(200, 0.12, 1_000)
    for pair in zip(old.tolist(), new.tolist(), strict=True):
        found = proportions.lift(Counts(pair[0], 200), Counts(pair[1], 200))
        held += (found.low or -1) <= 0.5 and (found.high is None or found.high >= 0.5)
    assert held / 1_000 == pytest.approx(0.95, abs=0.02)


def test_holm_corrects_what_is_known_and_counts_what_is_not() -> None:
    assert holm([0.01, 0.04, None]) == [pytest.approx(0.03), pytest.approx(0.08), None]
    assert holm([]) == []
