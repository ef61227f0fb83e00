"""The logistic regression holds back what tells nothing, lets stand what tells a lot, and bends only where sure."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from models_registry.learning.designs import Design
from models_registry.learning.logistic import LogisticRegression, chosen
from models_registry.learning.penalties import MOST, groups_of, likeliest, solved
from models_registry.learning.task import Task, silent

N = 3000


def task_of(x: NDArray[np.float64], log_odds: NDArray[np.float64], feature: NDArray[np.intp] | None = None) -> Task:
    converted = np.random.default_rng(9).random(len(x)) < expit(log_odds)
    return Task(x.astype(np.float32), converted, np.ones(len(x)), np.arange(len(x)), 1, 1, bags=4, feature=feature)


def numbers(columns: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(N, columns))


def test_what_tells_nothing_is_held_back_until_nothing_is_left() -> None:
    x = numbers(12)
    one = task_of(x, x[:, 0] - 1.0)
    design = Design.fit(one.x, one.weight, bent=False)
    terms, group = design.terms(one.x), groups_of(design, one.x, None)
    penalty = likeliest(terms, one.converted, one.weight, group)
    weights = solved(terms, one.converted, one.weight, penalty)[1]
    assert penalty[0] < 5
    assert np.sum(penalty[1:] > MOST / 10) >= 5
    assert weights[0] == pytest.approx(1.0, abs=0.15)
    assert np.abs(weights[1:]).sum() < 0.2


def test_the_levels_of_a_category_share_a_penalty_and_other_features_do_not() -> None:
    level = np.random.default_rng(1).integers(0, 4, N)
    x = np.column_stack([level == each for each in range(4)] + [numbers(1)[:, 0]]).astype(float)
    design = Design.fit(x.astype(np.float32), np.ones(N), bent=False)
    group = groups_of(design, x.astype(np.float32), np.array([0, 0, 0, 0, 1]))
    assert len(set(group[:4])) == 1
    assert group[4] != group[0]


def test_numbers_that_cannot_be_told_apart_share_a_penalty() -> None:
    x = numbers(3)
    x[:, 1] = x[:, 0] + 0.1 * x[:, 1]
    design = Design.fit(x.astype(np.float32), np.ones(N), bent=False)
    group = groups_of(design, x.astype(np.float32), None)
    assert group[0] == group[1] != group[2]


def test_the_stretches_of_a_number_share_a_penalty_that_its_straight_line_has_no_part_in() -> None:
    x = numbers(2).astype(np.float32)
    design = Design.fit(x, np.ones(N), bent=True)
    group = groups_of(design, x, None)
    assert len(set(group)) == 4
    assert np.sum(group == group[0]) == 1


def test_lines_bend_where_the_data_surely_do() -> None:
    x = numbers(3)
    assert chosen(task_of(x, np.abs(2 * x[:, 0]) - 2.0))[0]
    assert not chosen(task_of(x, x[:, 0] - 1.0))[0]


def test_what_is_long_ago_counts_less_only_where_something_has_moved() -> None:
    x = numbers(3)
    turned = np.where(np.arange(N) < N / 2, -2.0, 2.0)
    assert chosen(task_of(x, turned * x[:, 0] - 1.0))[1] == 0.25
    assert chosen(task_of(x, 2.0 * x[:, 0] - 1.0))[1] is None


def test_the_score_is_that_of_a_fit_on_all_rows_and_the_bags_stand_around_it() -> None:
    x = numbers(3)
    one = task_of(x, x[:, 0] - 1.0)
    fitted = LogisticRegression().fit(one, silent)
    design = Design.fit(one.x, one.weight, bent=False)
    terms, group = design.terms(one.x), groups_of(design, one.x, None)
    penalty = likeliest(terms, one.converted, one.weight, group)
    intercept, weights = solved(terms, one.converted, one.weight, penalty)
    bags = fitted.raw.bags(one.x)
    assert bags.raw == pytest.approx(intercept + terms @ weights, abs=1e-9)
    assert np.var(bags.mean, axis=1).mean() > 1e-4
