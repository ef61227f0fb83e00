"""The L2 penalty of each group of terms, by maximum marginal likelihood (empirical Bayes).

The coefficients of a group are taken to be drawn from a normal distribution of their own, whose precision is the
group's penalty. The penalties maximise the marginal likelihood by Laplace's approximation, as `mgcv` does (Wood 2011):
groups that tell nothing are shrunk to nothing, the others hardly at all. No rows are set aside for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from common.arrays import Bools, Floats, Matrix
from models_registry.learning.bagging import smoothed_log_odds
from models_registry.learning.designs import Design

Groups = NDArray[np.intp]
"""The group of each term, (k,)."""

FIRST = 10.0
"""Where the search for each penalty begins."""
LEAST, MOST = 0.1, 1e4
"""Under the most, the thousandth part of a log-odds is left of a term."""
ROUNDS = 8
SETTLED = 0.1
"""Penalties that all change by less than this share have settled."""
ALIKE = 0.9
"""Numbers more closely correlated than this cannot be told apart: they share one penalty, and so their effect."""


def groups_of(design: Design, x: Matrix, feature: NDArray[np.intp] | None) -> Groups:
    """Which terms share a penalty: the levels of a category; the stretches of a number; and numbers that are alike.

    `feature` (columns,) tells which columns are of one feature; None: each is its own.
    """
    column = design.column.astype(np.intp)
    feature = np.arange(design.columns) if feature is None else feature
    bend = np.append(False, column[1:] == column[:-1])
    switch = np.all((x[:, column] == design.low) | (x[:, column] == design.high), axis=0)
    number = ~switch & ~bend
    same = (column[:, None] == column) & (bend[:, None] == bend)
    same |= switch[:, None] & switch & (feature[column][:, None] == feature[column])
    same |= number[:, None] & number & (_correlated(design.terms(x)) > ALIKE)
    return np.asarray(connected_components(same)[1], dtype=np.intp)


def _correlated(terms: Floats) -> Floats:
    away = terms - terms.mean(axis=0)
    length = np.sqrt(np.einsum("nk,nk->k", away, away))
    return np.asarray(np.abs(away.T @ away) / np.maximum(np.outer(length, length), 1e-300))


def likeliest(terms: Floats, converted: Bools, weight: Floats, group: Groups) -> Floats:
    """The penalty of each term, (k,): the likeliest of its group. Terms are (n, k). Two outcomes are needed to tell."""
    logged = np.full(int(group.max()) + 1, np.log(FIRST))
    if converted.all() or not converted.any():
        return np.asarray(np.exp(logged)[group])
    for _ in range(ROUNDS):
        before = logged
        best = solved(terms, converted, weight, np.exp(before)[group])
        logged = _improved(*_quadratic(terms, converted, weight, *best), group, before)
        if np.max(np.abs(logged - before)) < SETTLED:
            break
    return np.asarray(np.exp(logged.round(2))[group])


def solved(terms: Floats, converted: Bools, weight: Floats, penalty: Floats) -> tuple[float, Floats]:
    """The intercept and the weights (k,) of the terms (n, k), each held back by its penalty on half its square, (k,).

    One outcome alone gives its smoothed log-odds.
    """
    if converted.all() or not converted.any():
        return smoothed_log_odds(converted, weight), np.zeros(terms.shape[1])
    scale = 1.0 / np.sqrt(penalty)
    from sklearn.linear_model import LogisticRegression as Solver  # noqa: PLC0415 - seconds that only training should pay

    solver = Solver(C=1.0, solver="newton-cholesky", tol=1e-6, max_iter=200)
    solver.fit(terms * scale, converted, sample_weight=weight)
    return float(solver.intercept_[0]), np.asarray(solver.coef_[0], dtype=np.float64) * scale


def _quadratic(
    terms: Floats, converted: Bools, weight: Floats, intercept: float, coefficient: Floats
) -> tuple[Floats, Floats]:
    """The log-likelihood near these weights as a parabola in them: its curvature (k, k) and slope at 0, (k,).

    The intercept is not held back, and is settled anew by each choice of weights.
    """
    margin = intercept + terms @ coefficient
    share = expit(margin)
    exact = weight * share * (1.0 - share)
    centre = exact @ terms / exact.sum()
    away = terms - centre
    curvature = (away * exact[:, None]).T @ away
    slope = away.T @ (weight * (converted - share)) - centre * float(np.sum(weight * (converted - share)))
    return curvature, curvature @ coefficient + slope


def _improved(curvature: Floats, slope: Floats, group: Groups, start: Floats) -> Floats:
    """The logarithms of the likeliest penalties, (groups,), as far as the parabola tells."""
    size, diagonal, one = np.bincount(group), np.arange(len(slope)), np.eye(len(slope))

    def unlikelihood(logged: Floats) -> tuple[float, Floats]:
        penalty = np.exp(logged)
        held = curvature.copy()
        held[diagonal, diagonal] += penalty[group]
        factor = cho_factor(held, lower=True)
        inverse = cho_solve(factor, one)
        best = inverse @ slope
        value = float(np.sum(np.log(np.diag(factor[0])))) - (float(size @ logged) + float(slope @ best)) / 2
        spread = np.bincount(group, np.diag(inverse) + best**2)
        return value, (penalty * spread - size) / 2

    bounds = [(np.log(LEAST), np.log(MOST))] * len(size)
    found = minimize(unlikelihood, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"gtol": 1e-3})
    return np.asarray(found.x)
