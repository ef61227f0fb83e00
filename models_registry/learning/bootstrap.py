"""Intervals of figures over leads: the dossiers are drawn again with replacement, all their rows together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats

Statistic = Callable[[Floats], Floats]
"""From the rows' weights in r resamples, (r, n), to the figure in each, (r,): NaN where it cannot be computed."""

RESAMPLES = 400
LEVEL = 95
FEWEST_RESAMPLES = 0.8
"""An interval needs this share of the resamples to have held both classes."""
MOST_VALUES = 2_000_000
"""Weights that are held at once."""


def resampled(rng: np.random.Generator, n: int) -> Floats:
    """How often each of n is drawn in n draws with replacement, (n,)."""
    return np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)


@dataclass(frozen=True)
class Resamples:
    """The same draws of the dossiers for every figure of n rows. Deterministic by `seed`."""

    weight: Floats
    dossier: NDArray[np.int64]
    seed: int

    def of(self, statistics: Mapping[str, Statistic]) -> dict[str, Floats]:
        """Each figure in every resample, (RESAMPLES,)."""
        parts = [{name: each(drawn) for name, each in statistics.items()} for drawn in self._drawn()]
        return {name: np.concatenate([part[name] for part in parts]) for name in statistics}

    def _drawn(self) -> Iterator[Floats]:
        dossiers, place = np.unique(self.dossier, return_inverse=True)
        rng, at_once = np.random.default_rng(self.seed), max(1, MOST_VALUES // len(place))
        for start in range(0, RESAMPLES, at_once):
            times = [resampled(rng, len(dossiers)) for _ in range(min(at_once, RESAMPLES - start))]
            yield np.array(times)[:, place] * self.weight


def interval_of(drawn: Floats) -> list[float] | None:
    """The middle 95 % of a figure's values in the resamples; None where too few could be computed."""
    known = drawn[~np.isnan(drawn)]
    if len(known) < FEWEST_RESAMPLES * RESAMPLES:
        return None
    edge = (100 - LEVEL) / 2
    return [float(each) for each in np.percentile(known, [edge, 100 - edge])]


def turned(interval: list[float] | None, figure: float) -> list[float] | None:
    """The basic bootstrap's interval of a distance from 0 (Davison and Hinkley 1997), for a figure that chance raises.

    A mean of absolute gaps grows with each drawing, so that its resamples lie above it: the interval is mirrored at
    the figure, kept above 0, and holds the figure.
    """
    return None if interval is None else [max(2 * figure - interval[1], 0.0), max(2 * figure - interval[0], figure)]
