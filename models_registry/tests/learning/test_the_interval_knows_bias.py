"""What a model has left unsaid is seen in its errors, and widens the interval."""

import numpy as np
import pytest
from scipy.special import expit

from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.interval import Spread
from models_registry.learning.misfit import misfit
from models_registry.learning.raw import Bags, Link

N = 4000


def errors(*, left_unsaid: float, seed: int = 0) -> tuple[float, float]:
    """The misfit seen, and the true one, of a model that leaves part of the effect of the first column unsaid."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 10)).astype(np.float32)
    said = expit(x[:, 1] - 1.0)
    truth = expit(x[:, 1] - 1.0 + left_unsaid * x[:, 0])
    seen = misfit(x, rng.random(N) < truth, said, np.ones(N), np.arange(N), seed=1)
    return seen, float(np.sqrt(np.mean((said - truth) ** 2)))


def test_bias_that_the_columns_foresee_is_seen() -> None:
    seen, true = errors(left_unsaid=0.6)
    assert 0.7 * true < seen < 1.2 * true


def test_where_nothing_is_left_unsaid_hardly_any_is_seen() -> None:
    assert max(errors(left_unsaid=0.0, seed=seed)[0] for seed in range(5)) < 0.02


def test_snapshots_of_a_dossier_do_not_foresee_each_other() -> None:
    rng = np.random.default_rng(3)
    many = np.repeat(np.arange(200), 10)
    x = rng.normal(size=(200, 30)).astype(np.float32)[many]
    converted = (rng.random(200) < 0.3)[many]
    assert misfit(x, converted, np.full(2000, 0.3), np.full(2000, 0.1), many, seed=1) < 0.12


def bags(n: int = 500) -> Bags:
    rng = np.random.default_rng(0)
    return Bags(np.clip(rng.uniform(0.1, 0.9, (n, 1)) + rng.normal(0, 0.03, (n, 10)), 0, 1), rng.uniform(2e-4, 8e-4, n))


def test_a_misfit_widens_every_interval() -> None:
    calibration = BetaCalibration(1.0, 1.0, -1.0)
    plain, biased = (Spread.fit(bags(), calibration, unsaid).bounds(bags()) for unsaid in (0.0, 0.05))
    assert np.array_equal(biased[0], plain[0])
    assert np.all(biased[1] < plain[1])
    assert np.all(plain[2] < biased[2])


def test_a_row_on_which_the_trees_disagree_has_a_wider_interval() -> None:
    some = bags()
    _, low, high = Spread.fit(some, BetaCalibration(1.0, 1.0, -1.0), 0.0).bounds(some)
    middle = (some.raw > 0.4) & (some.raw < 0.6)
    assert np.corrcoef((high - low)[middle], some.within[middle])[0, 1] > 0.5


@pytest.mark.parametrize("raw", [0.0, 0.5])
def test_bags_that_agree_exactly_are_borne(raw: float) -> None:
    agreed = Bags(np.full((20, 10), raw), np.zeros(20))
    _, low, high = Spread.fit(agreed, BetaCalibration(1.0, 1.0, 0.0), 0.0).bounds(agreed)
    assert np.array_equal(low, high)


def single(n: int = 2000, *, differ: bool) -> Bags:
    """Bags of single learners in log-odds; where rows differ, half of them vary three times as much."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, (n, 10)) * np.where(differ & (np.arange(n) % 2 == 0), 3.0, 1.0)[:, None]
    return Bags(rng.normal(-1, 1, (n, 1)) + noise, None, Link.LOGIT)


def test_single_learners_that_vary_alike_have_intervals_of_one_width_in_log_odds() -> None:
    some = single(differ=False)
    _, low, high = Spread.fit(some, BetaCalibration(1.0, 1.0, 0.0), 0.0).bounds(some)
    assert np.std(high - low) < 0.1 * np.mean(high - low)


def test_single_learners_that_disagree_on_a_row_widen_its_interval() -> None:
    some = single(differ=True)
    _, low, high = Spread.fit(some, BetaCalibration(1.0, 1.0, 0.0), 0.0).bounds(some)
    assert np.mean((high - low)[::2]) > 1.5 * np.mean((high - low)[1::2])
