"""What a lead's features say of other leads."""

import numpy as np

from leads.populations import SMOOTHING, MarketTally, SourceTally, market_percentiles, source_rates


def test_each_moment_sees_only_the_buckets_up_to_it() -> None:
    tallies = [SourceTally("web", 0, 10, 5), SourceTally("web", 1, 10, 10), SourceTally("ads", 2, 50, 0)]
    rates = source_rates(tallies, np.array(["web", "web"], dtype=object), np.array([0, 1]))
    assert rates[0] == 50
    assert rates[1] == 100 * (15 + SMOOTHING * 0.75) / (20 + SMOOTHING)


def test_without_any_decision_there_is_no_rate() -> None:
    assert np.isnan(source_rates([], np.array(["web"], dtype=object), np.array([0]))).all()


def test_equally_busy_markets_share_their_place() -> None:
    tallies = [MarketTally(market, 0, 2) for market in "abc"] + [MarketTally("d", 0, 1)]
    markets = np.array(["a", "d", "unheard of", None], dtype=object)
    found = market_percentiles(tallies, markets, np.zeros(4, dtype=np.int64))
    assert found[:3].tolist() == [100 * (1 + 0.5 * 2) / 3, 0.0, 0.0]
    assert np.isnan(found[3])


def test_a_market_that_leads_have_left_is_no_market_any_more() -> None:
    tallies = [MarketTally("a", 0, 2), MarketTally("a", 1, -2), MarketTally("b", 0, 1)]
    found = market_percentiles(tallies, np.array(["b", "b"], dtype=object), np.array([0, 1]))
    assert found.tolist() == [0.0, 50.0]
