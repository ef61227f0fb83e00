"""Logistic regression: a weighted sum of bent numbers and words, held back by an L2 penalty that time has chosen."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression as Solver
from threadpoolctl import threadpool_limits

from models_registry.learning.bagging import fitted_in_bags, out_of_bag, smoothed_log_odds
from models_registry.learning.designs import STRETCHES, Design
from models_registry.learning.linear import LinearBags
from models_registry.learning.raw import Floats
from models_registry.learning.task import Bools, Fitted, Progress, Task
from models_registry.learning.windows import expanding, losses, sampled

STRENGTHS = (30.0, 10.0, 3.0, 1.0)
"""Penalties on half the squared weights, tried strongest first."""
WINDOWS = 3
MOST_TRIED = 8_000
"""Rows on which penalties are tried: as a prior, the right one hardly depends on how many there are."""


class LogisticRegression:
    """L2-penalised; skewed amounts by their logarithm, numbers as broken lines."""

    name = "logistic_regression"
    title = "Logistic regression"

    def unavailable(self) -> str | None:
        """It always can be used."""
        return None

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Learns the design once, the penalty on windows of time, and the weights in every bag."""
        design = Design.fit(task.x, task.weight, bent=True)
        with threadpool_limits(1):
            penalty = best_penalty(design, task)

        def fit_one(part: Task) -> tuple[float, Floats]:
            return solved(design.terms(part.x), part.converted, part.weight, penalty)

        learners, member = fitted_in_bags(task, fit_one, report, "Logistic regression")
        intercept, coefficient = zip(*learners, strict=True)
        linear = LinearBags(design, np.array(intercept), np.concatenate(coefficient))
        parameters = {"penalty": penalty, "terms": len(design), "stretches": STRETCHES, "bags": task.bags}
        return Fitted(
            linear,
            linear.share(out_of_bag(linear.bags(task.x).mean, member)),
            parameters | {"explanation": {"method": "exact"}},
        )


def best_penalty(design: Design, task: Task) -> float:
    """The penalty with the least log loss on windows of what came next; the strongest where there are no windows."""
    task = sampled(task, MOST_TRIED)
    terms = design.terms(task.x)
    totals = np.zeros(len(STRENGTHS))
    for before, after in expanding(task, WINDOWS):
        for at, penalty in enumerate(STRENGTHS):
            fitted = solved(terms[before], task.converted[before], task.weight[before], penalty)
            share = _share(terms[after], *fitted)
            totals[at] += np.sum(task.weight[after] * losses(share, task.converted[after], task.weight[after]))
    return STRENGTHS[int(np.argmin(totals))]


def solved(terms: Floats, converted: Bools, weight: Floats, penalty: float) -> tuple[float, Floats]:
    """The intercept and the weights of the terms (n, k), (k,). One outcome alone gives its smoothed log-odds."""
    if converted.all() or not converted.any():
        return smoothed_log_odds(converted, weight), np.zeros(terms.shape[1])
    solver = Solver(C=1.0 / penalty, solver="newton-cholesky", tol=1e-6, max_iter=200)
    solver.fit(terms, converted, sample_weight=weight)
    return float(solver.intercept_[0]), np.asarray(solver.coef_[0], dtype=np.float64)


def _share(terms: Floats, intercept: float, coefficient: Floats) -> Floats:
    return np.asarray(expit(intercept + terms @ coefficient))
