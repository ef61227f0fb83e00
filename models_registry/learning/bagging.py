"""Little bags of any learner: one fitted on each of a few half-samples of the dossiers.

The bags differ as models from other samples would (`learning.interval` reads the uncertainty off them), each dossier
is in half of them, and the other half scores it out of sample, which is what calibration is fitted on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from common.arrays import Bools, Floats
from models_registry.learning.task import Progress, Task, seed_of

Learner = TypeVar("Learner")


def fitted_in_bags(
    task: Task, fit_one: Callable[[Task], Learner], report: Progress, words: str
) -> tuple[list[Learner], Bools]:
    """A learner of each bag, and which rows are in which bag, (n, bags). `words` name one learner in reports.

    A bag's task has a seed of its own. Bags are fitted side by side, each in one thread: the same whatever `n_jobs`.
    """
    member = memberships(task.dossier, task.converted, bags=task.bags, seed=task.seed)

    def fit(bag: int) -> Learner:
        with threadpool_limits(1, user_api="openmp"):
            return fit_one(_bag_of(task, member[:, bag], bag))

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(max(1, task.n_jobs)) as pool:
        futures = [pool.submit(fit, bag) for bag in range(task.bags)]
        for done, _ in enumerate(as_completed(futures), start=1):
            report(done / task.bags, f"{words} fitted on {done} of {task.bags} half-samples.")
        return [future.result() for future in futures], member


def _bag_of(task: Task, rows: Bools, bag: int) -> Task:
    part = task.take(rows)
    return Task(part.x, part.converted, part.weight, part.dossier, seed_of(task.seed, bag), 1, part.created_at)


def memberships(dossier: NDArray[np.int64], converted: Bools, *, bags: int, seed: int) -> Bools:
    """Which rows are in which bag, (n, bags): each dossier in exactly half of them, converted ones spread evenly."""
    dossiers, place = np.unique(dossier, return_inverse=True)
    ever = np.zeros(len(dossiers), dtype=bool)
    np.logical_or.at(ever, place, converted)
    rng = np.random.default_rng(seed_of(seed, 1_000))
    drawn = np.zeros((len(dossiers), bags), dtype=bool)
    for stratum in (np.flatnonzero(ever), np.flatnonzero(~ever)):
        drawn[rng.permutation(stratum)] = _halves(len(stratum), bags, rng)
    return np.asarray(drawn[place])


def _halves(n: int, bags: int, rng: np.random.Generator) -> Bools:
    """n random halves of the bags, (n, bags), each followed by its complement: no bag gets more than another."""
    halves = [half for half in itertools.combinations(range(bags), bags // 2) if 0 in half]
    member = np.array([[bag in half for bag in range(bags)] for half in halves])
    order = np.concatenate([rng.permutation(len(halves)) for _ in range(n // (2 * len(halves)) + 1)])
    turned = rng.random(len(order)) < 0.5
    first = member[order] ^ turned[:, None]
    return np.asarray(np.stack([first, ~first], axis=1).reshape(-1, bags)[:n])


def out_of_bag(means: Floats, member: Bools) -> Floats:
    """The mean of each row over the bags that do not hold it, (n,), from the bags' scores and members, (n, bags)."""
    return np.asarray(np.where(member, 0.0, means).sum(axis=1) / (~member).sum(axis=1))


def smoothed_log_odds(converted: Bools, weight: Floats) -> float:
    """The log-odds of the base rate, half a lead of each outcome added: finite where there is one outcome only."""
    positive, total = float(weight[converted].sum()), float(weight.sum())
    return float(np.log((positive + 0.5) / (total - positive + 0.5)))
