"""The features of a lead that depend on other leads: its source's rate, the rate of late, and how busy its market is.

Pure. All are read as of the beginning of the moment's day (UTC): what was decided, or created, before. So all leads
that are judged on one day are held against the same others, and how these stand can be kept.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from common.arrays import Floats
from leads.features import Column

SMOOTHING = 20.0
"""So many leads of the organisation's average are added to each source before its rate is taken."""
LATELY = (7, 30)
"""Days before the day: two views of how leads fare lately."""
SourceTally = tuple[str | None, int, int, int]
"""(source, k, decided, won): what changed before day k and not before day k - 1; corrections count negatively."""
MarketTally = tuple[str, int, int]
"""(market, k, change): by how much its number of recent leads changed before day k and not before day k - 1."""


@dataclass(frozen=True)
class Sources:
    """The decided and the won leads of each source, as of the beginning of a day, and of all in so many days before."""

    decisions: Mapping[str | None, tuple[int, int]]
    lately: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    @cached_property
    def average(self) -> float:
        """The organisation's share of won among its decided leads; NaN where none is decided."""
        decided, won = _all(self.decisions)
        return won / decided if decided > 0 else np.nan

    def rate(self, source: str | None) -> float:
        """The smoothed conversion rate of a source, in percent; NaN where no lead is decided yet."""
        decided, won = self.decisions.get(source, (0, 0))
        return 100.0 * (won + SMOOTHING * self.average) / (decided + SMOOTHING)

    def rate_lately(self, days: int) -> float:
        """The smoothed share of won among the leads decided in so many days before; NaN where none was ever decided."""
        decided, won = self.lately.get(days, (0, 0))
        # May be negative: more decisions may have been corrected lately than were made.
        decided = max(decided, 0)
        return (min(max(won, 0), decided) + SMOOTHING * self.average) / (decided + SMOOTHING)

    def rates(self, sources: Column) -> Floats:
        """The rates of n leads' sources, (n,)."""
        return _looked_up(sources, {source: self.rate(source) for source in set(sources.tolist())})


@dataclass(frozen=True)
class Markets:
    """The leads of the 30 days before in each market, as of the beginning of a day."""

    leads: Mapping[str, int]

    @cached_property
    def _ranking(self) -> list[int]:
        return sorted(count for count in self.leads.values() if count > 0)

    def percentile(self, market: str | None) -> float:
        """Where a market stands among those with a lead, from 0 to 100; NaN for None.

        The share of other markets that are less busy, those equally busy counting half; 50 where there is no other.
        """
        if market is None:
            return np.nan
        count = self.leads.get(market, 0)
        below, upto = bisect_left(self._ranking, count), bisect_right(self._ranking, count)
        others = len(self._ranking) - (count > 0)
        if others <= 0:
            return 50.0
        return 100.0 * (below + 0.5 * max(upto - below - (count > 0), 0)) / others

    def percentiles(self, markets: Column) -> Floats:
        """The percentiles of n leads' markets, (n,)."""
        return _looked_up(markets, {market: self.percentile(market) for market in set(markets.tolist())})


def _looked_up(words: Column, values: Mapping[str | None, float]) -> Floats:
    return np.array([values[word] for word in words.tolist()], dtype=float)


def marks_of(days: Sequence[date]) -> list[date]:
    """The days between whose beginnings decisions are counted, sorted: these, and those at which "lately" begins."""
    return sorted({day - timedelta(back) for day in days for back in (0, *LATELY)})


def sources_by_day(tallies: Iterable[SourceTally], days: Sequence[date]) -> Iterator[Sources]:
    """How the sources stood on each of the days, which are sorted; tallies are between their marks."""
    changes: dict[int, list[SourceTally]] = {}
    for tally in tallies:
        changes.setdefault(tally[1], []).append(tally)
    wanted, decisions, upto = set(days), dict[str | None, tuple[int, int]](), dict[date, tuple[int, int]]()
    for at, mark in enumerate(marks_of(days)):
        for source, _, decided, won in changes.get(at, ()):
            before = decisions.get(source, (0, 0))
            decisions[source] = (before[0] + decided, before[1] + won)
        upto[mark] = _all(decisions)
        if mark in wanted:
            yield Sources(dict(decisions), {back: _since(upto, mark, back) for back in LATELY})


def _all(decisions: Mapping[str | None, tuple[int, int]]) -> tuple[int, int]:
    return sum(decided for decided, _ in decisions.values()), sum(won for _, won in decisions.values())


def _since(upto: Mapping[date, tuple[int, int]], day: date, back: int) -> tuple[int, int]:
    (decided, won), (before, won_before) = upto[day], upto[day - timedelta(back)]
    return decided - before, won - won_before


def markets_by_day(tallies: Iterable[MarketTally], days: Sequence[date]) -> Iterator[Markets]:
    """How the markets stood on each of the days, which are sorted; tallies are between these."""
    changes: dict[int, list[MarketTally]] = {}
    for tally in tallies:
        changes.setdefault(tally[1], []).append(tally)
    leads: dict[str, int] = {}
    for day in range(len(days)):
        for market, _, change in changes.get(day, ()):
            leads[market] = leads.get(market, 0) + change
        yield Markets({market: count for market, count in leads.items() if count})
