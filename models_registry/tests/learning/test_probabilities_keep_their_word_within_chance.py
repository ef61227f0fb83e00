"""The band of calibration: chance is let pass, and a broken word is noticed."""

import numpy as np
import pytest

from models_registry.learning.band import band_of
from models_registry.learning.evaluation import calibration_error


def world(leads: int, *, seed: int, shift: float = 0.0, slope: float = 1.0):  # type: ignore[no-untyped-def]
    """Probabilities of leads in three rows each, and outcomes of the same truth, shifted or stretched in log-odds."""
    rng = np.random.default_rng(seed)
    logit = np.repeat(rng.normal(-1, 1, leads), 3)
    truth = 1 / (1 + np.exp(-(slope * (logit + 1) - 1 + shift)))
    dossier = np.repeat(np.arange(leads), 3)
    return 1 / (1 + np.exp(-logit)), rng.random(leads)[dossier] < truth, np.full(3 * leads, 1 / 3), dossier


def test_true_probabilities_leave_the_band_about_as_seldom_as_it_says() -> None:
    outside = sum(not band_of(*world(300, seed=seed), seed=seed).holds for seed in range(100))
    assert outside <= 6


@pytest.mark.parametrize("change", [{"shift": 0.8}, {"slope": 0.2}])
def test_a_moved_base_rate_and_a_false_spread_are_noticed(change: dict[str, float]) -> None:
    band = band_of(*world(600, seed=1, **change), seed=1)
    assert not band.holds
    assert "outside" in band.words


def test_three_rows_of_a_lead_count_as_one_lead() -> None:
    probability, converted, weight, dossier = world(300, seed=2)
    once = band_of(probability[::3], converted[::3], np.ones(300), dossier[::3], seed=1)
    thrice = band_of(probability, converted, weight, dossier, seed=1)
    assert thrice.z == pytest.approx(once.z)
    assert thrice.dossiers == once.dossiers == 300


def test_the_error_is_that_of_the_card() -> None:
    probability, converted, weight, dossier = world(200, seed=3)
    told = band_of(probability, converted, weight, dossier, seed=1).error
    assert told == pytest.approx(calibration_error(probability, converted, weight))


def test_without_rows_there_is_nothing_to_measure() -> None:
    none = np.empty(0)
    with pytest.raises(ValueError, match="no rows"):
        band_of(none, none.astype(bool), none, none.astype(np.int64), seed=1)
