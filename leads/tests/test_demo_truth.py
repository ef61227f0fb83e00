"""The demonstration's true probability is true: whole lives are drawn, and what became of them is held against it."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from leads.demo import world
from leads.demo.lives import DAY, Lives, draw
from leads.demo.truth import COEFFICIENTS, TERMS, regressors, true_logit, true_probability
from leads.features import Columns
from leads.tests.lives_as_known import as_known, is_undecided

UNTIL = datetime(2026, 11, 24, tzinfo=timezone.utc)
AGES = (0.0, 0.02, 1.0, 3.0, 7.0, 14.0, 30.0, 45.0)
CHANCE = 4.5
"""Standard errors: by chance alone one test of some hundred thousand goes beyond."""


@pytest.fixture(scope="module")
def lives() -> Lives:
    return draw(60_000, since=UNTIL - timedelta(days=240), until=UNTIL, seed=11)


def undecided(lives: Lives, age: float) -> tuple[np.ndarray, Columns]:
    """The leads undecided at an age, and what is known of them."""
    everyone, ages = np.arange(len(lives)), np.full(len(lives), int(age * DAY))
    leads = everyone[is_undecided(lives, everyone, ages)]
    return leads, as_known(lives, leads, ages[leads])


def within(lives: Lives, leads: np.ndarray, age: float, days: float) -> np.ndarray:
    """Which of the leads convert within so many days of an age."""
    return lives.converts[leads] & (lives.decided[leads] <= (age + days) * DAY)


def far_off(happened: np.ndarray, probability: np.ndarray) -> float:
    """By how many standard errors a number of conversions is off the sum of its probabilities."""
    return float(abs(happened.sum() - probability.sum()) / np.sqrt((probability * (1 - probability)).sum()))


@pytest.mark.parametrize("age", AGES)
def test_at_every_age_each_tenth_of_the_leads_converts_as_often_as_the_truth_says(lives: Lives, age: float) -> None:
    leads, columns = undecided(lives, age)
    probability, happened = true_probability(columns), within(lives, leads, age, 60)
    for tenth in np.array_split(np.argsort(probability), 10):
        assert far_off(happened[tenth], probability[tenth]) < CHANCE


@pytest.mark.parametrize("age", AGES)
def test_nothing_that_is_seen_of_a_lead_says_more_than_the_truth_does(lives: Lives, age: float) -> None:
    leads, columns = undecided(lives, age)
    probability, happened = true_probability(columns), within(lives, leads, age, 60)
    for (name, _, _), seen in zip(TERMS, regressors(columns).T, strict=True):
        error = np.sqrt((seen**2 * probability * (1 - probability)).sum())
        assert abs((seen * (happened - probability)).sum()) <= CHANCE * error, name


@pytest.mark.parametrize("days", [5, 20])
def test_the_truth_of_a_shorter_horizon_holds_as_well(lives: Lives, days: int) -> None:
    leads, columns = undecided(lives, 7)
    probability = true_probability(columns, horizon_days=days)
    assert far_off(within(lives, leads, 7, days), probability) < CHANCE
    assert (probability < true_probability(columns)).all()


def test_whoever_converts_does_so_within_the_sixty_days_so_that_afterwards_nothing_is_left() -> None:
    columns = {
        "days_since_creation": np.array([59.0, 60.0, 400.0]),
        "response_time_minutes": np.array([5.0] * 3),
        "region": np.array(["Occitanie"] * 3, dtype=object),
        "city": np.array([None] * 3, dtype=object),
    }
    probability = true_probability(columns)
    assert probability[0] > 0
    assert list(probability[1:]) == [0, 0]


def test_shares_are_shares() -> None:
    for words in (world.SOURCE, world.FINANCING, world.FIRST_TIME_BUYER, world.HAS_PHOTOS, world.CONTACT_PREFERENCE):
        assert np.allclose(np.sum(list(words.shares.values()), axis=0), 1)


def test_about_a_quarter_converts_and_some_are_almost_sure_while_none_can_be_known(lives: Lives) -> None:
    parts = [undecided(lives, age) for age in (0, 1, 3, 7, 14, 30)]
    probability = np.concatenate([true_probability(columns) for _, columns in parts])
    converts = np.concatenate([lives.converts[leads] for leads, _ in parts])
    assert 0.20 < lives.converts.mean() < 0.26
    assert 0.78 < roc_auc_score(converts, probability) < 0.85
    assert 0.03 < (probability >= 0.7).mean() < 0.10
    assert (probability < 0.1).mean() > 0.3


def test_a_logistic_regression_on_the_documented_terms_finds_the_documented_weights(lives: Lives) -> None:
    leads, columns = undecided(lives, 3)
    own = LogisticRegression(C=np.inf, max_iter=1000).fit(true_logit(columns)[:, None], lives.converts[leads])
    assert own.coef_[0, 0] == pytest.approx(1, abs=0.05)
    assert own.intercept_[0] == pytest.approx(0, abs=0.06)
    found = LogisticRegression(C=np.inf, max_iter=5000).fit(regressors(columns), lives.converts[leads])
    counts = [at for at, (name, _, _) in enumerate(TERMS) if name.endswith("count")]
    assert found.coef_[0, counts] == pytest.approx(COEFFICIENTS[counts], abs=0.12)


def test_most_are_decided_within_45_days_and_the_lost_ones_in_part_never() -> None:
    lives = draw(20_000, since=UNTIL - timedelta(days=240), until=UNTIL, seed=3)
    days = lives.decided / DAY
    assert (days[lives.converts] <= world.LAST_DAY).all()
    assert (days < 45).mean() > 0.7
    assert 0.02 < (days > 1000).mean() < 0.1
