"""The two features of a lead that depend on other leads: how good its source is, and how busy its market.

Pure. Both are fed with tallies by bucket: bucket k holds what happened before moment k and not before moment k - 1,
the moments being sorted. So one lead needs one bucket, and a training set as many as it has moments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 20.0
"""So many leads of the organisation's average are added to each source before its rate is taken."""


@dataclass(frozen=True)
class SourceTally:
    """Decisions of one source's leads in one bucket; corrections taken back count negatively."""

    source: str | None
    bucket: int
    decided: int
    won: int


@dataclass(frozen=True)
class MarketTally:
    """By how much the number of recent leads of one market changed in one bucket."""

    market: str
    bucket: int
    change: int


def source_rates(
    tallies: Iterable[SourceTally], sources: NDArray[np.object_], buckets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The smoothed conversion rate, in percent, of each row's source among the leads decided before its moment.

    `sources` and `buckets` have shape (n,), as has the answer; NaN where the organisation had decided no lead yet.
    """
    size = int(buckets.max(initial=0)) + 1
    grid: dict[str | None, NDArray[np.float64]] = {}
    everything = np.zeros((2, size))
    for tally in tallies:
        if tally.bucket < size:
            mine = grid.setdefault(tally.source, np.zeros((2, size)))
            for table in (mine, everything):
                table[:, tally.bucket] += (tally.decided, tally.won)
    total = everything.cumsum(axis=1)[:, buckets]
    own = np.zeros((2, len(sources)))
    for source, table in grid.items():
        rows = np.array([each == source for each in sources], dtype=bool)
        own[:, rows] = table.cumsum(axis=1)[:, buckets[rows]]
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.where(total[0] > 0, total[1] / total[0], np.nan)
        return np.asarray(100.0 * (own[1] + SMOOTHING * average) / (own[0] + SMOOTHING))


def market_percentiles(
    tallies: Iterable[MarketTally], markets: NDArray[np.object_], buckets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Where each row's market stands among those with a lead in the 30 days before its moment, from 0 to 100.

    The share of other markets that are less busy, those equally busy counting half; 50 where there is no other.
    `markets` and `buckets` have shape (n,), as has the answer; NaN where the lead has no market.
    """
    changes: dict[int, list[MarketTally]] = {}
    for tally in tallies:
        changes.setdefault(tally.bucket, []).append(tally)
    counts: dict[str, int] = {}
    percentiles = np.full(len(markets), np.nan)
    reached = iter(sorted(changes))
    upcoming, ranking = next(reached, None), _NOBODY
    for row in np.argsort(buckets, kind="stable"):
        while upcoming is not None and upcoming <= buckets[row]:
            for tally in changes[upcoming]:
                counts[tally.market] = counts.get(tally.market, 0) + tally.change
            upcoming = next(reached, None)
            ranking = _ranking(counts)
        if markets[row] is not None:
            percentiles[row] = _percentile(ranking, counts.get(markets[row], 0))
    return percentiles


_NOBODY = np.zeros(0)


def _ranking(counts: dict[str, int]) -> NDArray[np.float64]:
    return np.sort(np.array([count for count in counts.values() if count > 0], dtype=float))


def _percentile(ranking: NDArray[np.float64], count: int) -> float:
    below, upto = (int(np.searchsorted(ranking, count, side)) for side in ("left", "right"))
    others = len(ranking) - (count > 0)
    if others <= 0:
        return 50.0
    equal = upto - below - (count > 0)
    return float(100.0 * (below + 0.5 * max(equal, 0)) / others)
