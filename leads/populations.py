"""The two features of a lead that depend on other leads: how good its source is, and how busy its market.

Pure. Both are read as of the beginning of the moment's day (UTC): what was decided, or created, before. So all leads
that are judged on one day are held against the same others, and how these stand can be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leads.features import Column

SMOOTHING = 20.0
"""So many leads of the organisation's average are added to each source before its rate is taken."""
Floats = NDArray[np.float64]
SourceTally = tuple[str | None, int, int, int]
"""(source, k, decided, won): what changed before day k and not before day k - 1; corrections count negatively."""
MarketTally = tuple[str, int, int]
"""(market, k, change): by how much its number of recent leads changed before day k and not before day k - 1."""


@dataclass(frozen=True)
class Sources:
    """The decided and the won leads of each source, as of the beginning of a day."""

    decisions: Mapping[str | None, tuple[int, int]]

    @cached_property
    def average(self) -> float:
        """The organisation's share of won among its decided leads; NaN where none is decided."""
        decided, won = (sum(column) for column in zip((0, 0), *self.decisions.values(), strict=True))
        return won / decided if decided > 0 else np.nan

    def rate(self, source: str | None) -> float:
        """The smoothed conversion rate of a source, in percent; NaN where no lead is decided yet."""
        decided, won = self.decisions.get(source, (0, 0))
        return 100.0 * (won + SMOOTHING * self.average) / (decided + SMOOTHING)

    def rates(self, sources: Column) -> Floats:
        """The rates of n leads' sources, (n,)."""
        return _looked_up(sources, {source: self.rate(source) for source in set(sources.tolist())})


@dataclass(frozen=True)
class Markets:
    """The leads of the 30 days before in each market, as of the beginning of a day."""

    leads: Mapping[str, int]

    @cached_property
    def _ranking(self) -> NDArray[np.int64]:
        return np.sort(np.array([count for count in self.leads.values() if count > 0], dtype=np.int64))

    def percentile(self, market: str | None) -> float:
        """Where a market stands among those with a lead, from 0 to 100; NaN for None.

        The share of other markets that are less busy, those equally busy counting half; 50 where there is no other.
        """
        if market is None:
            return np.nan
        count = self.leads.get(market, 0)
        below, upto = (int(np.searchsorted(self._ranking, count, side)) for side in ("left", "right"))
        others = len(self._ranking) - (count > 0)
        if others <= 0:
            return 50.0
        return float(100.0 * (below + 0.5 * max(upto - below - (count > 0), 0)) / others)

    def percentiles(self, markets: Column) -> Floats:
        """The percentiles of n leads' markets, (n,)."""
        return _looked_up(markets, {market: self.percentile(market) for market in set(markets.tolist())})


def _looked_up(words: Column, values: Mapping[str | None, float]) -> Floats:
    return np.array([values[word] for word in words.tolist()], dtype=float)


def sources_by_day(tallies: Iterable[SourceTally], days: int) -> Iterator[Sources]:
    """How the sources stood on each of so many days, in their order."""
    changes: dict[int, list[SourceTally]] = {}
    for tally in tallies:
        changes.setdefault(tally[1], []).append(tally)
    decisions: dict[str | None, tuple[int, int]] = {}
    for day in range(days):
        for source, _, decided, won in changes.get(day, ()):
            before = decisions.get(source, (0, 0))
            decisions[source] = (before[0] + decided, before[1] + won)
        yield Sources(dict(decisions))


def markets_by_day(tallies: Iterable[MarketTally], days: int) -> Iterator[Markets]:
    """How the markets stood on each of so many days, in their order."""
    changes: dict[int, list[MarketTally]] = {}
    for tally in tallies:
        changes.setdefault(tally[1], []).append(tally)
    leads: dict[str, int] = {}
    for day in range(days):
        for market, _, change in changes.get(day, ()):
            leads[market] = leads.get(market, 0) + change
        yield Markets({market: count for market, count in leads.items() if count})
