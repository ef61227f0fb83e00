"""A vote's weights: equal unless out-of-sample scores say otherwise, never negative, 1 in all."""

import numpy as np
import pytest
from scipy.special import expit

from common.arrays import Bools, Floats
from models_registry.learning.stacking import voices


def shown(n: int, *noise: float, seed: int = 0) -> tuple[Floats, Bools, Floats]:
    """The log-odds of n leads as members say them, each with errors of its own, what became of them, and weights."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-0.5, 1.0, n)
    margins = np.column_stack([truth + rng.normal(0.0, each, n) for each in noise])
    return margins, rng.random(n) < expit(truth), np.ones(n)


def test_the_surer_voice_weighs_more_and_all_weigh_one_together() -> None:
    found = voices(*shown(20_000, 0.2, 1.0, 1.0))
    assert found.sum() == pytest.approx(1.0)
    assert found[0] > 0.6
    assert found[1] == pytest.approx(found[2], abs=0.05)


def test_few_leads_leave_the_votes_nearly_equal() -> None:
    assert voices(*shown(40, 0.2, 1.0, 1.0)) == pytest.approx(np.full(3, 1 / 3), abs=0.1)


def test_members_that_say_the_same_have_equal_votes() -> None:
    margins, converted, weight = shown(2_000, 0.5)
    assert voices(np.repeat(margins, 3, axis=1), converted, weight) == pytest.approx(np.full(3, 1 / 3))


def test_a_voice_that_is_always_wrong_falls_silent_and_never_counts_against_itself() -> None:
    margins, converted, weight = shown(20_000, 0.2)
    assert 0.0 <= voices(np.column_stack([margins, -margins]), converted, weight)[1] < 0.05


def test_where_all_are_always_wrong_the_votes_stay_equal() -> None:
    margins, converted, weight = shown(20_000, 0.2)
    assert voices(np.repeat(-margins, 2, axis=1), converted, weight) == pytest.approx(np.array([0.5, 0.5]))


def test_a_row_that_weighs_two_counts_as_two_rows() -> None:
    margins, converted, weight = shown(500, 0.2, 1.0)
    twice = (np.tile(margins, (2, 1)), np.tile(converted, 2), np.tile(weight, 2))
    assert voices(margins, converted, 2 * weight) == pytest.approx(voices(*twice), abs=1e-5)
