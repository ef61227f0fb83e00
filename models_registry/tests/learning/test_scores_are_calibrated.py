"""Raw scores become probabilities by a strictly increasing map of three numbers."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from models_registry.learning.calibration import BetaCalibration


def outcomes(n: int, *, seed: int = 0) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", ...]:
    """Raw scores that are too low and too timid, the truth, and what happened."""
    rng = np.random.default_rng(seed)
    truth = expit(rng.normal(-1.0, 1.5, n))
    return expit(0.5 * logit(truth) + 0.7), truth, rng.random(n) < truth


def test_the_map_finds_the_true_probabilities() -> None:
    raw, truth, converted = outcomes(20_000)
    calibration = BetaCalibration.fit(raw, converted == 1, np.ones(len(raw)))
    assert np.abs(calibration(raw) - truth).mean() < 0.01


@pytest.mark.parametrize("n", [100, 20_000])
def test_scores_that_are_probabilities_stay_as_they_are(n: int) -> None:
    _, truth, converted = outcomes(n, seed=2)
    assert BetaCalibration.if_needed(truth, converted == 1, np.ones(n)) == BetaCalibration(1.0, 1.0, 0.0)


def test_scores_that_are_too_timid_get_a_map() -> None:
    raw, _, converted = outcomes(500)
    assert BetaCalibration.if_needed(raw, converted == 1, np.ones(500)) == BetaCalibration.fit(
        raw, converted == 1, np.ones(500)
    )


def test_a_weight_of_two_counts_like_the_row_twice() -> None:
    raw, _, converted = outcomes(300)
    weight = np.where(np.arange(300) % 2, 2.0, 1.0)
    twice = np.repeat(np.arange(300), weight.astype(int))
    weighted = BetaCalibration.fit(raw, converted == 1, weight)
    repeated = BetaCalibration.fit(raw[twice], converted[twice] == 1, np.ones(len(twice)))
    assert [weighted.a, weighted.b, weighted.c] == pytest.approx([repeated.a, repeated.b, repeated.c], abs=1e-4)


@given(st.floats(0.05, 8), st.floats(0.05, 8), st.floats(-6, 6))
def test_the_map_rises_strictly_and_never_reaches_0_or_1(a: float, b: float, c: float) -> None:
    raw = np.linspace(0.0, 1.0, 201)
    probability = BetaCalibration(a, b, c)(raw)
    assert np.all((probability > 0) & (probability < 1))
    inside = (probability > 1e-6) & (probability < 1 - 1e-6)
    assert np.all(np.diff(probability) >= 0)
    assert np.all(np.diff(probability[inside]) > 0)


@pytest.mark.parametrize("converted", [[True], [False], [True, False], [True] * 5, [False] * 5])
def test_a_handful_of_outcomes_gives_a_sober_map(converted: list[bool]) -> None:
    n = len(converted)
    calibration = BetaCalibration.fit(np.linspace(0.2, 0.8, n), np.array(converted), np.ones(n))
    least, middle, most = calibration(np.array([0.0, 0.5, 1.0]))
    assert 0.0 < least < middle < most < 1.0
    assert 0.02 < middle < 0.98


def test_scores_that_separate_the_outcomes_do_not_make_certainty() -> None:
    raw = np.concatenate([np.full(20, 0.2), np.full(20, 0.8)])
    calibration = BetaCalibration.fit(raw, raw > 0.5, np.ones(40))
    assert calibration(np.array([0.8]))[0] < 0.999


def test_the_slope_is_the_derivative() -> None:
    calibration, raw, step = BetaCalibration(1.7, 0.9, -0.8), np.linspace(0.05, 0.95, 19), 1e-6
    numeric = (calibration(raw + step) - calibration(raw - step)) / (2 * step)
    assert calibration.slope(raw) == pytest.approx(numeric, rel=1e-6)


def test_the_map_is_four_plain_numbers() -> None:
    calibration = BetaCalibration(1.7, 0.9, -0.8)
    assert BetaCalibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration


@pytest.mark.parametrize("broken", [{"a": -1.0}, {"b": 0.0}, {"c": float("nan")}, {"clip": 0.7}])
def test_a_map_that_does_not_rise_is_refused(broken: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not an increasing"):
        BetaCalibration.from_json({"a": 1.0, "b": 1.0, "c": 0.0, "clip": 0.01} | broken)
