"""Whatever the algorithm: it learns what is there, nothing where nothing is, adds up, and is the same every time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models_registry.learning.artefact import BadArtefact, read, write
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.encoding import Encoder
from models_registry.learning.interval import Spread
from models_registry.learning.model import Model
from models_registry.learning.raw import Link
from models_registry.learning.task import Algorithm, Fitted, Task, silent
from models_registry.tests.learning.simulated import leads
from models_registry.tests.learning.tasks import ALGORITHMS, noise, task
from models_registry.tests.learning.test_an_artefact_is_distrusted import with_array

ROWS = leads(500, seed=2, contrast=2.0)[0]


@pytest.fixture(scope="module", params=ALGORITHMS, ids=lambda algorithm: algorithm.name)
def algorithm(request: pytest.FixtureRequest) -> Algorithm:
    return request.param


@pytest.fixture(scope="module")
def fitted(algorithm: Algorithm) -> Fitted:
    return algorithm.fit(task(), silent)


@pytest.fixture(scope="module")
def model(algorithm: Algorithm, fitted: Fitted) -> Model:
    learnt = task()
    calibration = BetaCalibration.fit(fitted.out_of_sample, learnt.converted, learnt.weight)
    spread = Spread.fit(fitted.raw.bags(learnt.x), calibration, 0.01)
    made = Model(algorithm.name, Encoder.fit(ROWS), fitted.raw, calibration, spread)
    return replace(made, golden=made.remember(ROWS.take(np.arange(5)).columns))


def test_it_learns_what_there_is(fitted: Fitted) -> None:
    fresh = task(1000, seed=3)
    assert roc_auc_score(fresh.converted, fitted.raw.bags(fresh.x).raw) > 0.78


def test_out_of_sample_shares_are_as_good_as_on_new_leads_and_not_better(fitted: Fitted) -> None:
    assert np.all((fitted.out_of_sample > 0) & (fitted.out_of_sample < 1))
    assert 0.75 < roc_auc_score(task().converted, fitted.out_of_sample) < 0.93


def test_where_nothing_predicts_it_foresees_nothing(algorithm: Algorithm) -> None:
    by_chance = noise()
    share = algorithm.fit(by_chance, silent).out_of_sample
    assert abs(roc_auc_score(by_chance.converted, share) - 0.5) < 0.08


def test_raw_contributions_add_up(fitted: Fitted) -> None:
    x = task(40, seed=5).x
    parts = fitted.raw.contributions(x)
    assert fitted.raw.base + parts.sum(axis=1) == pytest.approx(fitted.raw.bags(x).raw, abs=1e-9)
    assert fitted.raw.link is Link.LOGIT


def test_probabilities_are_the_base_and_the_contributions(model: Model) -> None:
    scores = model.score(ROWS.columns)
    assert scores.base + scores.contributions.sum(axis=1) == pytest.approx(scores.probability, abs=1e-9)
    assert np.all((scores.low < scores.probability) & (scores.probability < scores.high))


def test_one_row_scores_as_it_does_among_many(model: Model) -> None:
    many = model.score(ROWS.columns)
    one = model.score(ROWS.take(np.array([77])).columns)
    assert one.probability[0] == pytest.approx(many.probability[77], abs=1e-12)
    assert one.contributions[0] == pytest.approx(many.contributions[77], abs=1e-12)
    assert (one.low[0], one.high[0]) == pytest.approx((many.low[77], many.high[77]), abs=1e-12)


def test_no_rows_are_scored_as_none(model: Model) -> None:
    assert model.score(ROWS.take(np.arange(0)).columns).contributions.shape == (0, len(ROWS.features))


def test_it_is_read_as_it_was_written(model: Model) -> None:
    content = write(model)
    before, after = model.score(ROWS.columns), read(content).score(ROWS.columns)
    for name in ("probability", "low", "high", "contributions"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
    assert write(read(content)) == content


def test_the_same_seed_learns_the_same_on_any_number_of_cores(algorithm: Algorithm, fitted: Fitted) -> None:
    again = algorithm.fit(task(n_jobs=3), silent)
    assert again.parameters == fitted.parameters
    assert np.array_equal(again.out_of_sample, fitted.out_of_sample)
    for name, array in fitted.raw.arrays().items():
        assert np.array_equal(again.raw.arrays()[name], array)


def first_is(value: float) -> Callable[[Any], Any]:
    return lambda array: np.where(np.arange(len(array)) == 0, value, array).astype(array.dtype)


def test_an_array_that_is_damaged_is_refused(model: Model) -> None:
    content = write(model)
    changes: dict[str, list[Callable[[Any], Any]]] = {
        "float64": [first_is(np.nan), first_is(np.inf), first_is(1e300)],
        "float32": [first_is(np.nan)],
        "uint32": [first_is(4_000_000_000)],
        "uint8": [first_is(2)],
    }
    for name, array in model.raw.arrays().items():
        of_any = [lambda each: each[:-1], lambda each: each[:0], lambda each: np.zeros(len(each), dtype=np.float16)]
        for change in of_any + changes[array.dtype.name]:
            with pytest.raises(BadArtefact):
                read(with_array(content, name, change))


def test_one_outcome_alone_gives_its_rate_and_no_error(algorithm: Algorithm) -> None:
    one: Task = task(60)
    single = replace(one, converted=np.arange(60) == 7)
    raw = algorithm.fit(single, silent).raw
    assert raw.share(raw.bags(one.x).raw).max() < 0.5
