"""A guardrail is breached where an arm is beyond doubt worse, and hardly ever where both are alike."""

import math

import numpy as np
import pytest

from experiments.statistics import means
from experiments.statistics.guarding import Measured, change_of
from experiments.statistics.means import Sums
from experiments.tests.statistics.simulated import MARGIN, breached_at_a_look


def measured(leads: int, values: list[float]) -> Measured:
    return Measured(Sums(leads, sum(values), sum(value * value for value in values)), len(values))


@pytest.mark.parametrize(("leads_a_day", "rate"), [(20, 0.03), (20, 0.1), (100, 0.03), (500, 0.02)])
def test_without_an_effect_and_looked_at_each_day_it_is_hardly_ever_breached(leads_a_day: int, rate: float) -> None:
    assert breached_at_a_look(leads_a_day, (rate, rate), seed=1) <= 0.05


def test_a_fall_by_just_what_is_allowed_is_no_breach() -> None:
    assert breached_at_a_look(500, (0.02, 0.02 * (1 - MARGIN)), seed=2) <= 0.05


def test_a_treatment_that_sells_nothing_is_found_out() -> None:
    assert breached_at_a_look(500, (0.02, 0.0), seed=3, experiments=20) == 1.0


def test_one_sale_in_control_and_none_in_treatment_says_nothing() -> None:
    found = change_of(measured(20, [1000.0]), measured(20, []), None)
    assert (found.value, found.high, found.reason) == (None, None, "TOO_FEW_LEADS")


@pytest.mark.parametrize("treatment", [[], [5.0] * 30, [1.0, 2.0, 9.0] * 20])
def test_the_interval_leaves_out_what_treatment_is_too_far_from(treatment: list[float]) -> None:
    """Of each ratio: treatment's mean less so many times control's, in its own standard errors."""
    control, reach = Sums(400, 120.0, 500.0), 3.0
    treated = measured(300, treatment).sums
    found = means.compare_relative(control, treated, reach)
    assert found.width > 0.1
    assert found.value is not None
    assert found.low is not None
    assert found.low <= found.value
    noise = treated.variance or control.variance
    for ratio in np.linspace(0.01, 4, 200):
        error = math.sqrt(noise / treated.n + ratio**2 * control.variance / control.n)
        is_far = abs(treated.mean - ratio * control.mean) > reach * error
        inside = found.low <= ratio - 1 and (found.high is None or ratio - 1 <= found.high)
        assert is_far != inside


def test_where_control_may_be_nothing_the_ratio_has_no_upper_end() -> None:
    found = means.compare_relative(Sums(100, 2.0, 4.0), Sums(100, 40.0, 60.0), 3.0)
    assert found.high is None
    assert found.low is not None
    assert found.low > -1
