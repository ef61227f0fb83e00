"""How well scores rank: ROC-AUC, its parts, and its uncertainty. Rows may carry weights and come in clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from common.arrays import Bools, Floats


@dataclass(frozen=True)
class Placements:
    """ROC-AUC and its structural components (DeLong, DeLong and Clarke-Pearson 1988).

    `positives` (n1,): the share of negatives that each positive stands above; `negatives` (n0,): the share of positives
    that stand above each negative. Ties count half.
    """

    auc: float
    positives: Floats
    negatives: Floats


def placements(score: Floats, converted: Bools, weight: Floats) -> Placements:
    """Of n rows, shares by weight. Both classes must be there."""
    over, under = score[converted], score[~converted]
    above = _share_below(over, under, weight[~converted])
    below = 1.0 - _share_below(under, over, weight[converted])
    return Placements(float(np.average(above, weights=weight[converted])), above, below)


def _share_below(of: Floats, among: Floats, weight: Floats) -> Floats:
    """For each of `of`, the share (by weight) of `among` below it, those equal to it counting half."""
    order = np.argsort(among, kind="stable")
    ordered, sums = among[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    below, through = (np.searchsorted(ordered, of, side=side) for side in ("left", "right"))
    return np.asarray((sums[below] + sums[through]) / (2 * sums[-1]))


class WeightedAuc:
    """ROC-AUC of the same scores under many weightings: sorts once. For the bootstrap."""

    def __init__(self, score: Floats, converted: Bools) -> None:
        self._order = np.argsort(score, kind="stable")
        ordered = score[self._order]
        self._ties = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        self._converted = converted[self._order]

    def __call__(self, weight: Floats) -> float | None:
        """ROC-AUC where row i counts weight[i]; None where a class has no weight."""
        ordered = weight[self._order]
        positive = np.add.reduceat(np.where(self._converted, ordered, 0.0), self._ties)
        negative = np.add.reduceat(np.where(self._converted, 0.0, ordered), self._ties)
        total = float(positive.sum()) * float(negative.sum())
        if total <= 0.0:
            return None
        return float(np.dot(positive, np.cumsum(negative) - negative / 2)) / total

    def many(self, weights: Floats) -> Floats:
        """ROC-AUC under each of the weightings (r, n), (r,); NaN where a class has no weight."""
        ordered = weights[:, self._order]
        positive = np.add.reduceat(np.where(self._converted, ordered, 0.0), self._ties, axis=1)
        negative = np.add.reduceat(np.where(self._converted, 0.0, ordered), self._ties, axis=1)
        total = positive.sum(axis=1) * negative.sum(axis=1)
        area = np.sum(positive * (np.cumsum(negative, axis=1) - negative / 2), axis=1)
        return np.asarray(np.divide(area, total, out=np.full(len(total), np.nan), where=total > 0.0))


class WeightedPrecision:
    """Average precision (the area under the precision-recall steps) under many weightings: sorts once."""

    def __init__(self, score: Floats, converted: Bools) -> None:
        self._order = np.argsort(-score, kind="stable")
        ordered = score[self._order]
        self._last = np.flatnonzero(np.concatenate([ordered[1:] != ordered[:-1], [True]]))
        self._converted = converted[self._order]

    def many(self, weights: Floats) -> Floats:
        """The figure under each of the weightings (r, n), (r,); NaN where nothing converted or everything did."""
        ordered = weights[:, self._order]
        hits = np.cumsum(np.where(self._converted, ordered, 0.0), axis=1)[:, self._last]
        called = np.cumsum(ordered, axis=1)[:, self._last]
        precision = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0.0)
        area = np.sum(np.diff(hits, axis=1, prepend=0.0) * precision, axis=1)
        both = (hits[:, -1] > 0.0) & (hits[:, -1] < called[:, -1])
        return np.asarray(np.divide(area, hits[:, -1], out=np.full(len(area), np.nan), where=both))


@dataclass(frozen=True)
class Delong:
    """Two correlated ROC-AUCs and their covariance (2, 2)."""

    auc_a: float
    auc_b: float
    covariance: Floats

    @property
    def difference(self) -> float:
        """auc_a - auc_b."""
        return self.auc_a - self.auc_b

    @property
    def deviation(self) -> float:
        """The difference's standard error."""
        c = self.covariance
        return float(np.sqrt(max(c[0, 0] + c[1, 1] - 2 * c[0, 1], 0.0)))

    def interval(self) -> tuple[float, float]:
        """The difference's 95 % interval, by the normal approximation."""
        reach = float(ndtri(0.975)) * self.deviation
        return self.difference - reach, self.difference + reach


def delong(
    a: Floats, b: Floats, converted: Bools, *, weight: Floats | None = None, cluster: NDArray[np.int64] | None = None
) -> Delong:
    """The paired test's figures for scores a and b of the same n rows; both classes must be there.

    DeLong, DeLong and Clarke-Pearson 1988 with unbiased covariances. Where rows come in clusters (snapshots of a
    dossier) the components are summed by cluster first (Obuchowski 1997), and rows count by weight.
    """
    weight = np.ones(len(a)) if weight is None else weight
    cluster = np.arange(len(a)) if cluster is None else cluster
    parts = [placements(score, converted, weight) for score in (a, b)]
    clusters, place = np.unique(cluster, return_inverse=True)
    over, under = place[converted], place[~converted]
    positive = _sums([p.positives - p.auc for p in parts], weight[converted], over, len(clusters))
    negative = _sums([p.negatives - p.auc for p in parts], weight[~converted], under, len(clusters))
    mixed = positive @ negative.T
    covariance = _unbiased(positive, over) + _unbiased(negative, under) + mixed + mixed.T
    return Delong(parts[0].auc, parts[1].auc, covariance)


def _sums(components: list[Floats], weight: Floats, place: NDArray[np.int64], clusters: int) -> Floats:
    """Components (2, n) as parts of the mean, summed by cluster: (2, clusters)."""
    shares = weight / weight.sum()
    return np.array([np.bincount(place, weights=each * shares, minlength=clusters) for each in components])


def _unbiased(sums: Floats, place: NDArray[np.int64]) -> Floats:
    clusters = len(np.unique(place))
    return np.asarray(sums @ sums.T * (clusters / max(clusters - 1, 1)))
