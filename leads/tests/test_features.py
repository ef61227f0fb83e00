"""What a caller may send as a feature: seen at a glance for a column, and said of each value why not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.features import Feature, Kind

FEATURES = [
    Feature("amount", Kind.NUMERIC, "currency", "", low=0),
    Feature("share", Kind.NUMERIC, "percent", "", low=0, high=100),
    Feature("free", Kind.NUMERIC, "as sent", ""),
    Feature("flag", Kind.BOOLEAN, "yes or no", "", low=0, high=1),
    Feature("word", Kind.CATEGORY, "one of several words", ""),
    Feature("since", Kind.DATE, "days before the moment", ""),
]
SENT = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 105),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.text(max_size=3),
    st.sampled_from(["x" * 1_000, "x" * 1_001]),
    st.just([1]),
    st.just({"a": 1}),
)


@given(st.sampled_from(FEATURES), st.lists(SENT, max_size=5))
def test_a_column_suits_where_nothing_is_wrong_with_any_of_its_values(feature: Feature, values: list[Any]) -> None:
    assert feature.suits(values) == all(feature.problem_with(value) is None for value in values)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("amount", -1, "must be at least 0."),
        ("share", 101, "must be at most 100."),
        ("free", "7", "must be a number."),
        ("free", True, "must be a number, not true or false."),
        ("free", 10**301, "must be a finite number."),
        ("flag", 2, "must be at most 1."),
        ("flag", 0.5, "must be true or false, or 1 or 0."),
        ("flag", 1.0, None),
        ("word", 7, "must be a text."),
        ("word", "x" * 1_000, None),
        ("word", "x" * 1_001, "must have at most 1000 characters."),
        ("since", "2026-06-01", "must be a number of days, from the date to now."),
    ],
)
def test_it_is_said_why_a_value_cannot_be_a_feature(name: str, value: Any, problem: str | None) -> None:
    (feature,) = (each for each in FEATURES if each.name == name)
    assert feature.problem_with(value) == problem
