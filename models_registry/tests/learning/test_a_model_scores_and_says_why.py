"""Probabilities, intervals and contributions of a learned model."""

import numpy as np
import pytest

from leads.features import LabelledRows
from models_registry.learning.fit import Learned
from models_registry.tests.learning.simulated import FEATURES

NAMES = [feature.name for feature in FEATURES]


def test_base_and_contributions_add_up_to_the_probability(rows: LabelledRows, learned: Learned) -> None:
    scores = learned.model.score(rows.columns)
    assert scores.contributions.shape == (len(rows), len(FEATURES))
    assert scores.base + scores.contributions.sum(axis=1) == pytest.approx(scores.probability, abs=1e-9)


def test_the_probability_lies_in_its_interval(rows: LabelledRows, learned: Learned) -> None:
    scores = learned.model.score(rows.columns)
    assert np.all((scores.low < scores.probability) & (scores.probability < scores.high))
    assert np.all((scores.low > 0) & (scores.high < 1))
    assert scores.confidence == pytest.approx(1 - (scores.high - scores.low))


def test_what_was_missing_is_said(rows: LabelledRows, learned: Learned) -> None:
    imputed = learned.model.score(rows.columns).imputed
    assert np.array_equal(imputed[:, NAMES.index("property_price")], np.isnan(rows.columns["property_price"]))
    assert np.array_equal(imputed[:, NAMES.index("source")], [value is None for value in rows.columns["source"]])


def test_one_row_scores_as_it_does_among_many(rows: LabelledRows, learned: Learned) -> None:
    many = learned.model.score(rows.columns)
    for at in range(0, len(rows), 131):
        one = learned.model.score(rows.take(np.array([at])).columns)
        assert one.probability[0] == pytest.approx(many.probability[at], abs=1e-12)
        assert one.contributions[0] == pytest.approx(many.contributions[at], abs=1e-12)
        assert (one.low[0], one.high[0]) == pytest.approx((many.low[at], many.high[at]), abs=1e-12)


def test_without_contributions_the_rest_is_the_same(rows: LabelledRows, learned: Learned) -> None:
    plain, full = (learned.model.score(rows.columns, contributions=wanted) for wanted in (False, True))
    assert np.array_equal(plain.probability, full.probability)
    assert plain.contributions.shape == (0, len(FEATURES))


def test_a_lead_of_which_nothing_is_known_is_scored(rows: LabelledRows, learned: Learned) -> None:
    one = rows.take(np.array([0]))
    for feature in FEATURES:
        one.columns[feature.name][:] = None if feature.is_category else np.nan
    scores = learned.model.score(one.columns)
    assert 0 < scores.probability[0] < 1
    assert scores.imputed.all()


def test_no_leads_are_scored_as_none(rows: LabelledRows, learned: Learned) -> None:
    scores = learned.model.score(rows.take(np.arange(0)).columns)
    assert scores.probability.shape == (0,)
    assert scores.contributions.shape == (0, len(FEATURES))


def test_more_appointments_contribute_more(rows: LabelledRows, learned: Learned) -> None:
    at = NAMES.index("appointments_count")
    parts, booked = learned.model.score(rows.columns).contributions[:, at], rows.columns["appointments_count"]
    assert parts[booked >= 2].mean() > parts[booked == 1].mean() > parts[booked == 0].mean()
    assert parts[booked == 0].mean() < 0


def test_a_feature_that_never_varied_contributes_nothing(rows: LabelledRows, learned: Learned) -> None:
    assert not learned.model.score(rows.columns).contributions[:, NAMES.index("events.always_the_same.count")].any()
