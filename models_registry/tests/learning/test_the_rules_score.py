"""The rules give points that add up, and an interval that says what missing inputs could still change."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.catalogue import ELEVEN_FEATURES
from models_registry.learning.rules import DEFAULT_RULES, Rule, Rules, UnknownFeature
from models_registry.learning.scores import Scorer, Scores

NAMES = [feature.name for feature in ELEVEN_FEATURES]


def scored(rules: Rules | None = None, **values: Any) -> Scores:
    scorer: Scorer = rules or Rules()
    columns = {
        feature.name: np.array([values.get(feature.name)], dtype=object if feature.is_category else float)
        for feature in scorer.features
    }
    return scorer.score(columns)


KNOWN = {
    "lead_source_score": 50.0,
    "response_time_minutes": 30.0,
    "inbound_messages_count": 3.0,
    "appointments_count": 1.0,
    "has_property": 1.0,
}


def test_points_add_up_to_the_probability() -> None:
    scores = scored(**KNOWN)
    assert scores.probability[0] == pytest.approx(0.10 + 0.08 + 0.10 + 0.10 + 0.20 + 0.05)
    parts = dict(zip(NAMES, scores.contributions[0], strict=True))
    assert parts["appointments_count"] == pytest.approx(0.20)
    assert parts["property_price"] == 0.0


def test_there_is_a_contribution_for_each_of_the_eleven_features() -> None:
    assert scored(**KNOWN).contributions.shape == (1, 11)


def test_where_every_input_is_known_the_rules_are_sure_of_themselves() -> None:
    scores = scored(**KNOWN)
    assert scores.confidence[0] == 1.0
    assert not scores.imputed[0][NAMES.index("has_property")]


def test_a_missing_input_widens_the_interval_by_what_it_could_add() -> None:
    scores = scored(**{**KNOWN, "appointments_count": None})
    assert scores.low[0] == pytest.approx(scores.probability[0])
    assert scores.high[0] - scores.probability[0] == pytest.approx(0.30)
    assert scores.imputed[0][NAMES.index("appointments_count")]


def test_a_missing_input_without_a_rule_changes_nothing() -> None:
    assert scored(**KNOWN, property_price=None).confidence[0] == 1.0


def test_a_lower_bound_holds_and_an_upper_one_does_not() -> None:
    rules = Rules([Rule("inbound_messages_count", 2, 4, 10)])
    points = [scored(rules, inbound_messages_count=n).contributions[0].sum() for n in (1, 2, 3, 4)]
    assert points == pytest.approx([0, 0.1, 0.1, 0])


def test_an_unbounded_rule_does_not_hold_for_what_is_missing() -> None:
    assert scored(Rules([Rule("property_price", None, None, 10)])).probability[0] == pytest.approx(0.1)


def test_a_rule_can_name_a_word_of_a_feature_beside_the_eleven() -> None:
    rules = Rules([Rule("source", None, None, 25, "referral")])
    assert [feature.name for feature in rules.features][-1] == "source"
    assert scored(rules, source="referral").probability[0] == pytest.approx(0.35)
    assert scored(rules, source="fair").probability[0] == pytest.approx(0.10)
    assert scored(rules).high[0] == pytest.approx(0.35)


def test_a_rule_on_a_feature_that_does_not_exist_is_refused() -> None:
    rules = (Rule("no_such_thing", 0, 1, 5), Rule("source", 0, 1, 5), Rule("property_price", None, None, 5, "dear"))
    for rule in rules:
        with pytest.raises(UnknownFeature):
            Rules([rule])


def test_a_probability_kept_within_its_bounds_still_adds_up() -> None:
    for points in (400, -400):
        scores = scored(Rules([Rule("inbound_messages_count", 1, None, points), *DEFAULT_RULES]), **KNOWN)
        assert scores.probability[0] in (0.01, 0.99)
        assert scores.base + scores.contributions[0].sum() == pytest.approx(scores.probability[0], abs=1e-12)


VALUES = st.one_of(st.none(), st.floats(0, 1e5))


@given(st.fixed_dictionaries(dict.fromkeys(KNOWN, VALUES)), st.floats(-100, 100), st.floats(0, 100))
def test_whatever_is_known_it_adds_up_and_lies_in_its_interval(
    values: dict[str, float | None], points: float, edge: float
) -> None:
    added = (Rule("appointments_count", edge, None, points), Rule("has_property", None, 1, -points))
    rules = Rules([*DEFAULT_RULES, *added])
    scores = scored(rules, **values)
    assert scores.base + scores.contributions[0].sum() == pytest.approx(scores.probability[0], abs=1e-9)
    assert 0.01 <= scores.low[0] <= scores.probability[0] <= scores.high[0] <= 0.99


@given(st.floats(0, 1e5))
def test_the_interval_holds_what_the_missing_input_would_make(response: float) -> None:
    unanswered = scored(**{**KNOWN, "response_time_minutes": None})
    known = scored(**{**KNOWN, "response_time_minutes": response}).probability[0]
    assert unanswered.low[0] - 1e-12 <= known <= unanswered.high[0] + 1e-12
