"""Recalibration: outcomes move the present map as far as they can show, and the map never forgets its order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.fit import Learned
from models_registry.learning.recalibration import Outcomes, best_half_life, fitted, refit

PRESENT = BetaCalibration(1.2, 0.9, -0.3)


def outcomes(leads: int, *, seed: int = 1, truth: BetaCalibration = PRESENT) -> Outcomes:
    rng = np.random.default_rng(seed)
    share = rng.beta(2, 4, leads)
    return Outcomes(share, rng.random(leads) < truth(share), np.ones(leads), np.arange(leads))


def moved(by: float) -> BetaCalibration:
    return replace(PRESENT, c=PRESENT.c + by)


def test_a_handful_of_outcomes_moves_the_map_little() -> None:
    few = outcomes(8, truth=moved(2))
    grid = np.linspace(0.05, 0.95, 19)
    assert np.abs(fitted(PRESENT, few)(grid) - PRESENT(grid)).max() < 0.15


def test_many_outcomes_find_the_new_map() -> None:
    found = fitted(PRESENT, outcomes(6_000, truth=moved(-1)))
    grid = np.linspace(0.05, 0.8, 16)
    assert np.abs(found(grid) - moved(-1)(grid)).max() < 0.03


def test_without_outcomes_the_map_stays() -> None:
    weightless = replace(outcomes(50), weight=np.full(50, 1e-9))
    found = fitted(PRESENT, weightless)
    assert [found.a, found.b, found.c] == pytest.approx([PRESENT.a, PRESENT.b, PRESENT.c], abs=1e-4)


def test_a_moved_base_rate_is_mended_and_the_evidence_says_so() -> None:
    made = refit(PRESENT, outcomes(600, truth=moved(1.2)))
    assert made.better
    assert made.after.log_loss < made.before.log_loss
    assert made.after.calibration_error < made.before.calibration_error / 2
    assert made.dossiers == 600
    assert "600 leads" in made.words
    assert set(made.to_json()) >= {"before", "after", "better", "calibration"}


def test_what_keeps_its_word_is_seldom_called_better() -> None:
    assert sum(refit(PRESENT, outcomes(300, seed=seed)).better for seed in range(6)) < 4


def test_where_the_rate_goes_on_moving_older_outcomes_count_less_and_else_all_count() -> None:
    still = outcomes(1_500, truth=moved(0.5))
    share = np.random.default_rng(3).beta(2, 4, 1_500)
    rising = 1 / (1 + np.exp(-(np.linspace(-3, 3, 1_500))))
    moving = Outcomes(share, np.random.default_rng(4).random(1_500) < rising, np.ones(1_500), np.arange(1_500))
    assert (best_half_life(PRESENT, still) or 1_500) >= 400
    made = refit(PRESENT, moving)
    assert made.half_life is not None
    assert made.half_life <= 200
    assert "count half after" in made.words
    assert made.calibration(share[-100:]).mean() > 0.8


def test_the_newest_leads_judge_a_refit_on_the_older_ones() -> None:
    older, newest = outcomes(400, truth=moved(1.5)), outcomes(200, seed=2, truth=moved(-1.5))
    both = Outcomes(
        np.concatenate([older.share, newest.share]),
        np.concatenate([older.converted, newest.converted]),
        np.ones(600),
        np.arange(600),
    )
    made = refit(PRESENT, both)
    assert not made.better
    assert made.newest_after.log_loss > made.newest_before.log_loss


def test_the_rows_of_a_lead_are_never_on_both_sides() -> None:
    one = outcomes(100, truth=moved(1))
    thrice = one.take(np.repeat(np.arange(100), 3))
    made = refit(PRESENT, replace(thrice, weight=np.full(300, 1 / 3)))
    assert made.after.log_loss == pytest.approx(refit(PRESENT, one).after.log_loss)


def test_too_few_leads_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        refit(PRESENT, outcomes(4))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    leads=st.integers(1, 60),
    present=st.builds(BetaCalibration, st.floats(0.05, 8), st.floats(0.05, 8), st.floats(-5, 5)),
    all_alike=st.booleans(),
)
def test_every_refit_is_an_increasing_map(seed: int, leads: int, present: BetaCalibration, all_alike: bool) -> None:
    some = outcomes(leads, seed=seed)
    some = replace(some, converted=np.ones(leads, dtype=bool)) if all_alike else some
    probability = fitted(present, some)(np.linspace(0, 1, 50))
    assert (np.diff(probability) >= 0).all()
    assert np.isfinite(probability).all()


def test_a_recalibrated_model_keeps_its_order_and_its_reasons_add_up(learned: Learned) -> None:
    model = learned.model
    assert model.golden is not None
    other = model.recalibrated(BetaCalibration(2.0, 1.0, -1.0))
    before, after = model.score(model.golden.columns), other.score(model.golden.columns)
    assert (np.argsort(before.probability) == np.argsort(after.probability)).all()
    assert after.base + after.contributions.sum(axis=1) == pytest.approx(after.probability, abs=1e-9)
    assert other.calibration(other.shares(model.golden.columns)) == pytest.approx(after.probability)
