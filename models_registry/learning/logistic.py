"""Logistic regression: a weighted sum of bent numbers and words, held back by an L2 penalty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression as Solver
from threadpoolctl import threadpool_limits

from models_registry.learning.bagging import fitted_in_bags, out_of_bag, smoothed_log_odds
from models_registry.learning.designs import STRETCHES, Design
from models_registry.learning.linear import LinearBags
from models_registry.learning.raw import Floats
from models_registry.learning.task import Bools, Fitted, Progress, Task
from models_registry.learning.windows import arrival, losses, sampled

STRENGTHS = (30.0, 10.0, 3.0, 1.0)
"""Penalties on half the squared weights, tried strongest first."""
FOLDS = 2
MOST_TRIED = 40_000
"""Rows on which penalties are tried: as a prior, the right one hardly depends on how many there are."""
HALF_LIVES = (None, 0.35)
"""Shares of the training dossiers, newest first, after which a dossier counts half: what moves has moved since.

None: all count the same, which wastes nothing where nothing moves.
"""
OLDER_SHARE = 0.75
"""Which of them is seen on the dossiers that came after this share of all."""
MIDDLE = 10.0
"""The penalty under which half-lives are compared."""


class LogisticRegression:
    """L2-penalised; skewed amounts by their logarithm, numbers as broken lines."""

    name = "logistic_regression"
    title = "Logistic regression"

    def unavailable(self) -> str | None:
        """It always can be used."""
        return None

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Learns the design once, the penalty on folds of the dossiers, and the weights in every bag."""
        design = Design.fit(task.x, task.weight, bent=True)
        with threadpool_limits(1):
            half_life = best_half_life(design, task)
            task = replace(task, weight=task.weight * _recency(task, half_life))
            penalty = best_penalty(design, task)

        def fit_one(part: Task) -> tuple[float, Floats]:
            # Half of the dossiers and half of the penalty: on average the bags are what all dossiers would make.
            return solved(design.terms(part.x), part.converted, part.weight, penalty / 2)

        learners, member = fitted_in_bags(task, fit_one, report, "Logistic regression")
        intercept, coefficient = zip(*learners, strict=True)
        linear = LinearBags(design, np.array(intercept), np.concatenate(coefficient))
        parameters = {
            "penalty": penalty,
            "terms": len(design),
            "stretches": STRETCHES,
            "half_life": half_life,
            "bags": task.bags,
        }
        return Fitted(
            linear,
            linear.share(out_of_bag(linear.bags(task.x).mean, member)),
            parameters | {"explanation": {"method": "exact"}},
        )


def best_penalty(design: Design, task: Task) -> float:
    """The penalty with the least log loss over folds of every other dossier; the strongest where folds lack an outcome.

    Folds that lie side by side in time: what moves between windows of time would be taken for noise, and a penalty
    against it holds back what is there to be learnt.
    """
    task = sampled(task, MOST_TRIED)
    terms, fold = design.terms(task.x), arrival(task) % FOLDS
    totals = np.zeros(len(STRENGTHS))
    for each in range(FOLDS):
        out, into = fold == each, fold != each
        for at, penalty in enumerate(STRENGTHS):
            share = _share(terms[out], *solved(terms[into], task.converted[into], task.weight[into], penalty))
            totals[at] += np.sum(task.weight[out] * losses(share, task.converted[out], task.weight[out]))
    return STRENGTHS[int(np.argmin(totals))]


def best_half_life(design: Design, task: Task) -> float | None:
    """The half-life with the least log loss on the newest dossiers when learnt on the older ones."""
    task = sampled(task, MOST_TRIED)
    rank = arrival(task)
    older = rank < OLDER_SHARE * (rank.max() + 1)
    before, after = task.take(older), task.take(~older)
    terms, later = design.terms(before.x), design.terms(after.x)

    def loss(half_life: float | None) -> float:
        weight = before.weight * _recency(before, half_life)
        share = _share(later, *solved(terms, before.converted, weight, MIDDLE))
        return float(np.sum(after.weight * losses(share, after.converted, after.weight)))

    return min(HALF_LIVES, key=loss)


def _recency(task: Task, half_life: float | None) -> Floats:
    """What each row counts by the age of its dossier, (n,): 1 on average."""
    if half_life is None:
        return np.ones(len(task.weight))
    rank = arrival(task)
    counts = 0.5 ** (-rank / (half_life * (rank.max() + 1)))
    return np.asarray(counts * task.weight.sum() / np.sum(counts * task.weight))


def solved(terms: Floats, converted: Bools, weight: Floats, penalty: float) -> tuple[float, Floats]:
    """The intercept and the weights of the terms (n, k), (k,). One outcome alone gives its smoothed log-odds."""
    if converted.all() or not converted.any():
        return smoothed_log_odds(converted, weight), np.zeros(terms.shape[1])
    solver = Solver(C=1.0 / penalty, solver="newton-cholesky", tol=1e-6, max_iter=200)
    solver.fit(terms, converted, sample_weight=weight)
    return float(solver.intercept_[0]), np.asarray(solver.coef_[0], dtype=np.float64)


def _share(terms: Floats, intercept: float, coefficient: Floats) -> Floats:
    return np.asarray(expit(intercept + terms @ coefficient))
