"""What a lead's features say of other leads."""

from datetime import date, timedelta

import numpy as np
import pytest

from leads.populations import SMOOTHING, Markets, Sources, markets_by_day, marks_of, sources_by_day


def test_each_day_sees_only_what_came_before_it() -> None:
    days = [date(2026, 3, 1), date(2026, 3, 2)]
    first_at, second_at = map(marks_of(days).index, days)
    tallies = [("web", 0, 10, 5), ("web", second_at, 10, 10), ("ads", second_at + 1, 50, 0)]
    assert first_at < second_at
    first, second = sources_by_day(tallies, days)
    assert first.rate("web") == 50
    assert second.rate("web") == 100 * (15 + SMOOTHING * 0.75) / (20 + SMOOTHING)


def test_an_unknown_source_is_as_good_as_the_average() -> None:
    assert Sources({"web": (4, 1)}).rates(np.array(["new", None], dtype=object)).tolist() == [25.0, 25.0]


def test_without_any_decision_there_is_no_rate() -> None:
    assert np.isnan(Sources({}).rate("web"))
    assert np.isnan(Sources({}).rate_lately(7))


def test_how_leads_fare_lately_is_read_from_the_days_before_and_smoothed() -> None:
    day = date(2026, 3, 31)
    month, week, now = (marks_of([day]).index(day - timedelta(back)) for back in (30, 7, 0))
    (stood,) = sources_by_day([("web", month, 80, 0), ("web", week, 40, 10), ("ads", now, 20, 20)], [day])
    assert stood.lately == {7: (20, 20), 30: (60, 30)}
    average = 30 / 140
    assert stood.rate_lately(7) == pytest.approx((20 + SMOOTHING * average) / (20 + SMOOTHING))
    assert stood.rate_lately(30) == pytest.approx((30 + SMOOTHING * average) / (60 + SMOOTHING))


def test_what_was_taken_back_lately_leaves_a_rate() -> None:
    stood = Sources({"web": (100, 50)}, {7: (-3, -1), 30: (2, -4)})
    assert stood.rate_lately(7) == 0.5
    assert stood.rate_lately(30) == pytest.approx(SMOOTHING * 0.5 / (2 + SMOOTHING))


def test_equally_busy_markets_share_their_place() -> None:
    stood = Markets({"a": 2, "b": 2, "c": 2, "d": 1})
    found = stood.percentiles(np.array(["a", "d", "unheard of", None], dtype=object))
    assert found[:3].tolist() == [100 * (1 + 0.5 * 2) / 3, 0.0, 0.0]
    assert np.isnan(found[3])


def test_a_market_that_leads_have_left_is_no_market_any_more() -> None:
    days = [date(2026, 3, 1), date(2026, 3, 2)]
    first, second = markets_by_day([("a", 0, 2), ("a", 1, -2), ("b", 0, 1)], days)
    assert (first.percentile("b"), second.percentile("b")) == (0.0, 50.0)
