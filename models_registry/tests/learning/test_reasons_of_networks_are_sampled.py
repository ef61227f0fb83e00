"""A network's reasons are Shapley values against the mean lead, up to the error that is stated."""

import itertools
import math

import numpy as np
import pytest

from common.arrays import Floats, Matrix
from models_registry.learning.network import NetworkBags
from models_registry.learning.perceptron import Perceptron
from models_registry.learning.task import Fitted, Task, silent
from models_registry.tests.learning.tasks import task

COLUMNS = 5


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    one = task(400)
    few = Task(one.x[:, :COLUMNS], one.converted, one.weight, one.dossier, 1, 1, one.created_at, 2)
    return Perceptron().fit(few, silent)


def enumerated(network: NetworkBags, terms: Floats) -> Floats:
    """Shapley values of one row by their definition; the terms of unknown columns are 0, their mean."""
    weights, columns = network._weights, range(COLUMNS)

    def value(known: tuple[int, ...]) -> float:
        shown = np.where(np.isin(network.design.column, known), terms, 0.0)
        return float(network._scores((network.hidden_bias + shown @ weights)[None]).mean())

    def part(column: int) -> float:
        rest = [each for each in columns if each != column]
        return sum(
            (value((*some, column)) - value(some)) / (COLUMNS * math.comb(COLUMNS - 1, size))
            for size in range(COLUMNS)
            for some in itertools.combinations(rest, size)
        )

    return np.array([part(column) for column in columns])


def test_sampled_reasons_are_near_the_exact_ones(fitted: Fitted) -> None:
    assert isinstance(fitted.raw, NetworkBags)
    x: Matrix = task(20, seed=8).x[:, :COLUMNS]
    terms = fitted.raw.design.terms(x)
    exact = np.array([enumerated(fitted.raw, row) for row in terms])
    error = np.abs(fitted.raw.contributions(x) - exact).mean()
    assert error < 3 * fitted.raw.standard_error(x) + 1e-6


def test_the_error_is_stated(fitted: Fitted) -> None:
    told = fitted.parameters["explanation"]
    assert (told["method"], told["unit"]) == ("sampled", "log-odds")
    assert 0.0 < told["standard_error"] < 0.05
