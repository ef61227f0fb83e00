"""The always-valid evidence: gbstats' figures, exactness for few leads, and no false winner more often than said."""

import math
from typing import Any

import numpy as np
import pytest

from experiments.statistics import sequential
from experiments.statistics.deciding import ASYMPTOTIC, EXACT, Circumstances, Contender, always_valid, verdict
from experiments.statistics.exact import Converted, exact_lift, exact_p, log_evidence
from experiments.statistics.proportions import Counts
from experiments.statistics.rehearsal import rehearse
from experiments.statistics.sample_ratio import ALARM, CONCENTRATION, sequential_p_values
from experiments.tests.reference import figures

GBSTATS = figures("gbstats")
SEQUENTIAL = [case for case in GBSTATS["cases"] if case["test"] == "SequentialTwoSidedTTest"]
WELL = Circumstances(sample_ratio_holds=True, guardrails_hold=True, days=20, is_complete=False)


@pytest.mark.parametrize("case", [case for case in GBSTATS["sequential_rho"] if case["two_sided"]])
def test_rho_is_gbstats(case: Any) -> None:
    assert sequential.rho_of(case["alpha"], case["tuning_parameter"]) == pytest.approx(case["rho"], rel=1e-12)


@pytest.mark.parametrize("case", GBSTATS["sequential_halfwidth"])
def test_half_widths_are_gbstats(case: Any) -> None:
    value = sequential.critical_value(case["n"], case["alpha"], case["tuning_parameter"])
    assert value * math.sqrt(case["s2"] / case["n"]) == pytest.approx(case["halfwidth"], rel=1e-9)


@pytest.mark.parametrize("case", [case for case in SEQUENTIAL if not case["result"]["errorMessage"]])
def test_intervals_and_p_values_are_gbstats(case: Any) -> None:
    a, b, told = case["a"], case["b"], case["result"]
    old, new = a["x"] / a["n"], b["x"] / b["n"]
    first, second = old * (1 - old) / a["n"], new * (1 - new) / b["n"]
    value, error = new - old, math.sqrt(first + second)
    if case["difference"] == "relative":
        value, error = value / old, math.sqrt(second + (new / old) ** 2 * first) / old
    of = (value, error, a["n"] + b["n"], case["alpha"], case["tuning_parameter"])
    found = sequential.confidence_sequence(*of)
    assert [found.low, found.high] == pytest.approx(told["ci"], rel=1e-9)
    assert sequential.always_valid_p(*of) == pytest.approx(told["pValue"], rel=1e-6)


@pytest.mark.parametrize("case", figures("sequential_sample_ratio")["cases"])
def test_the_sample_ratio_is_optimizelys(case: Any) -> None:
    found = sequential_p_values(case["batches"], case["p0"], (CONCENTRATION,))
    assert found == pytest.approx(case["p_values"], abs=1e-9)


@pytest.mark.parametrize(("leads", "holds"), [([200, 400], False), ([367, 533], False), ([290, 310], True)])
def test_few_hundred_leads_are_enough_to_see_that_they_fell_unevenly(leads: list[int], holds: bool) -> None:
    assert (sequential_p_values([leads], [0.5, 0.5])[-1] >= ALARM) == holds


def test_the_exact_evidence_is_a_fair_bet_where_nothing_differs() -> None:
    """Its expectation over what twelve converting leads can do is 1: what makes it valid at every look."""
    expected = sum(
        math.comb(12, n) * 0.3**n * 0.7 ** (12 - n) * math.exp(log_evidence(Converted(12 - n, n, 0.3)))
        for n in range(13)
    )
    assert expected == pytest.approx(1.0)


def test_the_exact_interval_and_p_value_say_the_same() -> None:
    for control, treatment in ((20, 60), (10, 22), (5, 5), (0, 9), (9, 0), (40, 55)):
        found = exact_lift(Converted(control, treatment), 0.05)
        assert found.excludes_zero == (exact_p(Converted(control, treatment)) <= 0.05)
        assert found.width > 0.1


def test_an_arm_without_a_conversion_has_an_open_or_closed_end_and_never_none() -> None:
    assert exact_lift(Converted(0, 9), 0.05).high is None
    assert exact_lift(Converted(9, 0), 0.05).low == -1.0
    assert exact_lift(Converted(0, 0), 0.05).reason == "NO_CONVERSIONS"


@pytest.mark.parametrize(
    ("control", "treatment", "share"),
    [(97, 1, 0.5), (905, 2, 0.5), (1, 905, 0.5), (1, 5000, 0.5), (21, 1, 0.9), (1, 21, 0.1), (3000, 0, 0.5)],
)
def test_counts_however_lopsided_have_an_interval_that_holds_what_was_seen(
    control: int, treatment: int, share: float
) -> None:
    found = exact_lift(Converted(control, treatment, share), 0.01)
    assert found.value is not None
    assert found.low is not None
    assert found.low <= found.value
    assert found.high is None or found.value < found.high
    assert found.excludes_zero


def test_few_leads_are_decided_exactly_and_many_by_the_sequence() -> None:
    assert always_valid(Counts(20, 150), Counts(30, 150), 0.5).decides == EXACT
    assert always_valid(Counts(3, 300), Counts(30, 300), 0.5).decides == EXACT
    many = always_valid(Counts(300, 2000), Counts(420, 2000), 0.5)
    assert many.decides == ASYMPTOTIC
    assert many.difference.excludes_zero
    assert many.p_value is not None
    assert many.p_value <= 0.05


@pytest.mark.parametrize(("planned", "treatments"), [(None, 1), (20_000, 1), (None, 3)])
@pytest.mark.parametrize("control", [10, 30, 40, 100, 400, 900])
def test_the_lift_that_is_shown_and_what_decides_say_the_same(
    control: int, planned: int | None, treatments: int
) -> None:
    """Every second count of treatment's 1,000 leads: no lift is below -100 %, and none is sure while nothing is."""
    for treatment in range(10, 991, 2):
        found = always_valid(Counts(control, 1000), Counts(treatment, 1000), 0.5, planned, treatments)
        assert found.p_value is not None
        assert found.lift.low is not None
        assert found.lift.low >= -1
        is_sure = treatments * found.p_value <= 0.05
        assert found.lift.excludes_zero == found.difference.excludes_zero == is_sure


def test_the_exact_lift_of_one_of_several_treatments_is_sure_once_its_corrected_p_value_is() -> None:
    for treatment in range(10, 51):
        found = always_valid(Counts(8, 190), Counts(treatment, 190), 0.5, treatments=3)
        assert found.p_value is not None
        assert found.lift.excludes_zero == (3 * found.p_value <= 0.05)


def test_without_leads_nothing_is_said() -> None:
    found = always_valid(Counts(0, 0), Counts(0, 0), 0.5)
    assert (found.p_value, found.lift.value, found.reason) == (None, None, "NO_LEADS")


def test_an_a_a_experiment_is_looked_at_again_and_again_and_hardly_ever_has_a_winner() -> None:
    found = rehearse(np.random.default_rng(5).random(3_000) < 0.2, experiments=200, look_every=100, seed=1)
    assert found.always_valid <= 0.05
    assert found.fixed > 0.15
    assert found.sample_ratio <= 0.01


@pytest.mark.parametrize(
    ("around", "reason"),
    [
        ({"sample_ratio_holds": False}, "SAMPLE_RATIO_MISMATCH"),
        ({"days": 13.9}, "TOO_EARLY"),
        ({"guardrails_hold": False}, "GUARDRAIL"),
    ],
)
def test_no_winner_is_named_unless_all_else_holds(around: dict[str, Any], reason: str) -> None:
    sure = [Contender("treatment", 0.001, 0.05)]
    assert verdict(sure, "control", WELL).winner == "treatment"
    found = verdict(sure, "control", Circumstances(**(vars(WELL) | around)))
    assert (found.winner, found.reason) == (None, reason)


def test_a_breached_guardrail_is_told_before_anything_else_is_known() -> None:
    breached = Circumstances(sample_ratio_holds=True, guardrails_hold=False, days=4, is_complete=False)
    assert verdict([Contender("treatment", None, None)], "control", breached).reason == "GUARDRAIL"


def test_without_a_difference_more_data_is_asked_for_until_the_plan_is_filled() -> None:
    unsure = [Contender("treatment", 0.4, 0.01)]
    assert verdict(unsure, "control", WELL).reason == "NOT_ENOUGH_DATA"
    done = Circumstances(sample_ratio_holds=True, guardrails_hold=True, days=20, is_complete=True)
    assert verdict(unsure, "control", done).reason == "NO_DIFFERENCE"
    assert verdict([Contender("treatment", None, None)], "control", done).reason == "NOT_ENOUGH_DATA"


def test_control_wins_where_every_treatment_is_worse_and_the_best_of_those_that_are_better() -> None:
    worse, better, best = Contender("a", 0.01, -0.1), Contender("b", 0.02, 0.1), Contender("c", 0.03, 0.2)
    assert verdict([worse], "control", WELL).winner == "control"
    assert verdict([worse, better, best], "control", WELL).winner == "c"
    assert verdict([worse, Contender("b", 0.3, 0.1)], "control", WELL).winner is None
