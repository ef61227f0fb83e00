"""A share enters a weighted sum by its log-odds, straight on: what moves further than ever before moves the score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from leads.features import Feature, Kind, LabelledRows
from models_registry.learning.artefact import read, write
from models_registry.learning.designs import AS_IT_IS, LOG_ODDS, LOGARITHM, BadDesign, Design
from models_registry.learning.encoding import Encoder
from models_registry.learning.fitting import Fit, Fitting
from models_registry.learning.logistic import LogisticRegression
from models_registry.learning.network import NetworkBags
from models_registry.learning.perceptron import Perceptron
from models_registry.learning.task import Algorithm
from models_registry.tests.learning.simulated import leads

RATE = Feature("rate", Kind.NUMERIC, "share", "The rate of late", 0.0, 1.0)
N = 4000


def of_moving_times(*, missing: bool = False) -> LabelledRows:
    """Leads whose odds are those of the rate of late, which has been between 5 and 20 %, and a number that tells."""
    rng = np.random.default_rng(1)
    rows = leads(N, seed=1)[0]
    rate, messages = rng.uniform(0.05, 0.2, N), rows.columns["inbound_messages_count"]
    converted = rng.random(N) < expit(logit(rate) + 0.3 * (messages - 2.5))
    shown = np.where(np.arange(N) < 100, np.nan, rate) if missing else rate
    return replace(
        rows,
        features=(RATE, rows.features[1]),
        columns={"rate": shown, "inbound_messages_count": messages},
        converted=converted,
    )


def fit(rows: LabelledRows, learner: Algorithm) -> Fit:
    return Fitting(learner, {}, 1, 1).fit(rows, rows)


@pytest.fixture(scope="module")
def fitted() -> Fit:
    return fit(of_moving_times(), LogisticRegression())


def at(rate: float) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {"rate": np.array([rate]), "inbound_messages_count": np.array([2.5])}


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 0.8])
def test_a_rate_beyond_what_training_has_seen_moves_the_probability_as_far(fitted: Fit, rate: float) -> None:
    assert logit(fitted.model.score(at(rate)).probability[0]) == pytest.approx(logit(rate), abs=0.45)


def test_the_penalty_hardly_shrinks_the_slope_of_a_rate_that_tells_a_lot(fitted: Fit) -> None:
    raw = fitted.model.raw.bags(fitted.model.encoder.transform({**at(0.1), "rate": np.array([0.1])})).raw
    twice = fitted.model.raw.bags(fitted.model.encoder.transform(at(float(expit(logit(0.1) + 1.0))))).raw
    assert twice[0] - raw[0] == pytest.approx(1.0, abs=0.2)


def test_the_network_reads_shares_so_too() -> None:
    raw = fit(of_moving_times().take(np.arange(300)), Perceptron()).model.raw
    assert isinstance(raw, NetworkBags)
    assert raw.design.logged.tolist() == [LOG_ODDS, AS_IT_IS]


def test_a_share_is_one_straight_term_and_its_absence_is_none() -> None:
    encoder = Encoder.fit(of_moving_times(missing=True))
    assert encoder.column_is_share.tolist() == [True, False, False]
    x = encoder.transform(of_moving_times(missing=True).columns)
    design = Design.fit(x, np.ones(N), bent=True, shares=encoder.column_is_share)
    assert design.logged[design.column == 0].tolist() == [LOG_ODDS]
    assert LOG_ODDS not in design.logged[1:]


def test_of_shares_0_and_1_are_read_as_nearly_so() -> None:
    x = np.array([[0.0], [0.3], [1.0], [0.3]], dtype=np.float32)
    design = Design.fit(x, np.ones(4), bent=False, shares=np.array([True]))
    terms = design.terms(np.array([[0.0], [0.0005], [-7.0], [0.5], [1.0], [9.0]], dtype=np.float32))[:, 0]
    assert np.all(np.isfinite(terms))
    assert terms[0] == terms[1] == terms[2] < terms[3] < terms[4] == terms[5]


def test_a_share_that_never_varied_is_no_term() -> None:
    x = np.array([[0.3, 1.0], [0.3, 2.0], [0.3, 5.0]], dtype=np.float32)
    assert Design.fit(x, np.ones(3), bent=False, shares=np.array([True, False])).column.tolist() == [1]


def test_the_reasons_of_shares_are_exact_and_add_up(fitted: Fit) -> None:
    model, columns = fitted.model, of_moving_times().columns
    scores = model.score(columns)
    assert scores.base + scores.contributions.sum(axis=1) == pytest.approx(scores.probability, abs=1e-9)
    x = model.encoder.transform(columns)
    parts = model.raw.contributions(x)[:, 0]
    slope = np.polyfit(logit(x[:, 0].astype(float)), parts, 1)
    assert np.polyval(slope, logit(x[:, 0].astype(float))) == pytest.approx(parts, abs=1e-9)


def test_a_model_of_shares_is_read_as_it_was_written_and_learnt_anew_to_the_same_bytes(fitted: Fit) -> None:
    model, columns = fitted.model, of_moving_times().columns
    model = replace(model, golden=model.remember({name: column[:15] for name, column in columns.items()}))
    again = read(write(model))
    assert np.array_equal(again.score(columns).probability, model.score(columns).probability)
    assert write(again) == write(model)
    anew = fit(of_moving_times(), LogisticRegression()).model
    assert write(replace(anew, golden=model.golden)) == write(model)


def test_a_design_stored_before_there_were_shares_reads_its_columns_as_ever() -> None:
    x = np.abs(np.random.default_rng(2).normal(size=(50, 2))).astype(np.float32)
    old = Design(
        2,
        column=np.array([0, 1], dtype=np.uint32),
        logged=np.array([0, 1], dtype=np.uint8),
        low=np.array([0.0, 0.0]),
        high=np.array([2.0, 1.0]),
        mean=np.array([0.5, 0.25]),
        scale=np.array([0.4, 2.0]),
    )
    wide = x.astype(np.float64)
    plain, logged = (np.clip(wide[:, 0], 0.0, 2.0) - 0.5) / 0.4, (np.clip(np.log1p(wide[:, 1]), 0.0, 1.0) - 0.25) / 2.0
    assert np.array_equal(old.terms(x), np.column_stack([plain, logged]))
    assert (AS_IT_IS, LOGARITHM) == (0, 1)


def test_a_column_that_is_read_in_no_known_way_is_refused() -> None:
    design = Design.fit(np.array([[0.1], [0.4]], dtype=np.float32), np.ones(2), bent=False, shares=np.array([True]))
    arrays = dict(design.arrays())
    with pytest.raises(BadDesign):
        Design(1, **arrays | {"logged": np.array([3], dtype=np.uint8)})
