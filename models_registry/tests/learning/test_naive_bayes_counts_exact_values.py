"""The baseline of exact values, against a case worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from leads.features import Feature, Kind, LabelledRows
from models_registry.learning.naive_bayes import MOST, MOST_VALUES, NaiveBayes

SOURCE = Feature("source", Kind.CATEGORY, "a word", "Where from")
ROOMS = Feature("rooms", Kind.NUMERIC, "rooms", "How many")


def a_past(source: list[str | None], rooms: list[float], converted: list[bool]) -> LabelledRows:
    """One row a lead."""
    n, day = len(source), np.zeros(len(source), dtype="datetime64[us]")
    columns = {"source": np.array(source, dtype=object), "rooms": np.array(rooms)}
    return LabelledRows((SOURCE, ROOMS), columns, np.array(converted), np.ones(n), np.arange(n), day, day)


PAST = a_past(["web", "web", "fair", "fair", None], [2.0, 3.0, 2.0, 2.0, np.nan], [True, True, False, True, False])


def test_it_multiplies_the_ratios_of_smoothed_frequencies() -> None:
    # Won: web 2.1, fair 1.1 (of 3.2); rooms 2: 2.1, 3: 1.1 (of 3.2). Lost: web 0.1, fair 1.1 (of 1.2); 2: 1.1, 3: 0.1.
    won = 3 / 5 * (2.1 / 3.2) * (2.1 / 3.2)
    lost = 2 / 5 * (0.1 / 1.2) * (1.1 / 1.2)
    said = NaiveBayes.fit(PAST).predict({"source": np.array(["web"], dtype=object), "rooms": np.array([2.0])})
    assert said == pytest.approx([won / (won + lost)])


def test_what_is_missing_or_was_never_seen_says_nothing() -> None:
    columns = {"source": np.array([None, "moon"], dtype=object), "rooms": np.array([np.nan, 9.0])}
    assert NaiveBayes.fit(PAST).predict(columns) == pytest.approx([0.6, 0.6])


def test_rows_count_by_their_weight() -> None:
    twice = PAST.take(np.repeat(np.arange(5), 2))
    halved = NaiveBayes.fit(replace(twice, weight=np.full(10, 0.5)))
    assert halved.predict(PAST.columns) == pytest.approx(NaiveBayes.fit(PAST).predict(PAST.columns))


def test_a_number_of_many_values_is_no_field() -> None:
    n = MOST_VALUES + 1
    rows = a_past(["a", *["b"] * (n - 1)], np.arange(n, dtype=float).tolist(), [True, *[False] * (n - 1)])
    assert set(NaiveBayes.fit(rows).fields) == {"source"}


def test_it_is_never_certain() -> None:
    many = a_past(["a"] * 5000 + ["b"] * 5000, [1.0] * 5000 + [2.0] * 5000, [True] * 5000 + [False] * 5000)
    assert NaiveBayes.fit(many).predict({"source": np.array(["a"], dtype=object), "rooms": np.array([1.0])}) == [MOST]
