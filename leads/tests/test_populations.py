"""What a lead's features say of other leads."""

import numpy as np

from leads.populations import SMOOTHING, Markets, Sources, markets_by_day, sources_by_day


def test_each_day_sees_only_what_came_before_it() -> None:
    tallies = [("web", 0, 10, 5), ("web", 1, 10, 10), ("ads", 2, 50, 0)]
    first, second = sources_by_day(tallies, 2)
    assert first.rate("web") == 50
    assert second.rate("web") == 100 * (15 + SMOOTHING * 0.75) / (20 + SMOOTHING)


def test_an_unknown_source_is_as_good_as_the_average() -> None:
    assert Sources({"web": (4, 1)}).rates(np.array(["new", None], dtype=object)).tolist() == [25.0, 25.0]


def test_without_any_decision_there_is_no_rate() -> None:
    assert np.isnan(Sources({}).rate("web"))


def test_equally_busy_markets_share_their_place() -> None:
    stood = Markets({"a": 2, "b": 2, "c": 2, "d": 1})
    found = stood.percentiles(np.array(["a", "d", "unheard of", None], dtype=object))
    assert found[:3].tolist() == [100 * (1 + 0.5 * 2) / 3, 0.0, 0.0]
    assert np.isnan(found[3])


def test_a_market_that_leads_have_left_is_no_market_any_more() -> None:
    first, second = markets_by_day([("a", 0, 2), ("a", 1, -2), ("b", 0, 1)], 2)
    assert (first.percentile("b"), second.percentile("b")) == (0.0, 50.0)
