"""A learner's bias: how much of its out-of-sample errors a linear regression on the same columns predicts.

Resampling shows a model's variance, never its bias: a forest smooths steep relations however often it is grown. Errors
that can be predicted from the columns are bias. They are predicted by a ridge regression that is cross-fitted over
dossiers, so that pure noise predicts nothing on average.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix

FOLDS = 5
RIDGE = 0.25
LEAST_VARIANCE = 0.02
FURTHEST = 3.0
"""Standard deviations beyond which a value counts as this far: one outlier must not carry the regression."""


def misfit(
    x: Matrix,
    converted: NDArray[np.bool_],
    probability: Floats,
    weight: Floats,
    dossier: NDArray[np.int64],
    *,
    seed: int,
) -> float:
    """A lower estimate of the root mean square bias of out-of-sample probabilities; 0 where none shows.

    x is (n, columns), the others (n,). With errors e and predicted errors f, E[bias^2] >= E[e f]^2 / E[f^2] (Cauchy and
    Schwarz), as f is made from other dossiers than e.
    """
    error, variance = converted - probability, probability * (1 - probability)
    # Linear on the logit scale: an error in log-odds shows as so many times p (1 - p).
    slopes = _standardised(x, weight) * variance[:, None]
    exactness = weight / np.maximum(variance, LEAST_VARIANCE)
    fold = _folds(dossier, seed)
    foreseen = np.zeros(len(error))
    for each in range(FOLDS):
        inside = fold == each
        foreseen[inside] = slopes[inside] @ _ridge(slopes[~inside], error[~inside], exactness[~inside])
    told, power = float(np.average(error * foreseen, weights=weight)), float(np.average(foreseen**2, weights=weight))
    # Rounded, so that the last bits of a matrix product never reach an artefact.
    return round(told / np.sqrt(power), 6) if told > 0.0 else 0.0


def _standardised(x: Matrix, weight: Floats) -> Floats:
    values = x.astype(np.float64)
    mean = np.average(values, axis=0, weights=weight)
    deviation = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight))
    return np.clip((values - mean) / np.where(deviation > 0.0, deviation, 1.0), -FURTHEST, FURTHEST)


def _folds(dossier: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    dossiers, place = np.unique(dossier, return_inverse=True)
    return np.asarray(np.random.default_rng(seed).permutation(len(dossiers))[place] % FOLDS)


def _ridge(slopes: Floats, error: Floats, exactness: Floats) -> Floats:
    weighted = slopes * exactness[:, None]
    columns = slopes.shape[1]
    return np.linalg.solve(weighted.T @ slopes + RIDGE * columns * np.eye(columns), weighted.T @ error)
