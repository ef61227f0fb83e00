"""On leads whose true probability is known: how near we come, and how often the interval holds it."""

from dataclasses import dataclass

import numpy as np
import pytest

from models_registry.learning.fit import learn
from models_registry.tests.learning.simulated import leads


@dataclass(frozen=True)
class Measured:
    """Over new leads."""

    error: float
    coverage: float
    width: float
    bias: float


def measured(n: int, *, seed: int) -> Measured:
    model = learn(leads(n, seed=seed)[0], seed=seed).model
    fresh, truth = leads(3000, seed=seed + 1000)
    scores = model.score(fresh.columns, contributions=False)
    inside = (scores.low <= truth) & (truth <= scores.high)
    return Measured(
        error=float(np.abs(scores.probability - truth).mean()),
        coverage=float(inside.mean()),
        width=float((scores.high - scores.low).mean()),
        bias=float((scores.probability - truth).mean()),
    )


@pytest.fixture(scope="module")
def at_3000() -> Measured:
    return measured(3000, seed=5)


def test_probabilities_are_near_the_true_ones(at_3000: Measured) -> None:
    assert at_3000.error < 0.09
    assert abs(at_3000.bias) < 0.03


def test_the_interval_holds_the_true_probability(at_3000: Measured) -> None:
    assert at_3000.coverage > 0.8
    assert at_3000.width < 0.4


def test_confidence_grows_with_data(at_3000: Measured) -> None:
    assert measured(400, seed=5).width > 1.15 * at_3000.width
