"""Forward validation within the training part: learn on what came first, measure on what came next, several times."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from common.arrays import Bools, Floats
from models_registry.learning.task import Task

FIRST_SHARE = 0.3
"""The share of the dossiers, oldest first, that every window learns from."""
OLDER_SHARE = 0.75
"""What a learner sets for itself is seen on the dossiers that came after this share of all."""
FURTHEST_SHIFT = 15.0
EDGE = 1e-9


def expanding(task: Task, windows: int) -> Iterator[tuple[Bools, Bools]]:
    """Masks (n,) of what to learn from and of the dossiers that came next, for each window, oldest first.

    All rows of a dossier stand on one side. Windows without both outcomes on either side are left out.
    """
    rank = arrival(task)
    dossiers = int(rank.max()) + 1
    edges = np.linspace(FIRST_SHARE * dossiers, dossiers, windows + 1).round()
    for start, end in itertools.pairwise(edges):
        before, after = rank < start, (rank >= start) & (rank < end)
        if _has_both(task.converted[before]) and _has_both(task.converted[after]):
            yield before, after


def older_and_later(task: Task) -> tuple[Task, Task]:
    """The task on the dossiers that came first, and on the last quarter of them."""
    rank = arrival(task)
    older = rank < OLDER_SHARE * (int(rank.max()) + 1)
    return task.take(older), task.take(~older)


def arrival(task: Task) -> NDArray[np.int64]:
    """Each row's dossier by its place in the order of creation, from 0, (n,)."""
    dossiers, first, place = np.unique(task.dossier, return_index=True, return_inverse=True)
    created = dossiers if task.created_at is None else task.created_at[first].astype(np.int64)
    rank = np.empty(len(dossiers), dtype=np.int64)
    rank[np.lexsort((dossiers, created))] = np.arange(len(dossiers))
    return np.asarray(rank[place])


def sampled(task: Task, most: int, most_dossiers: int | None = None) -> Task:
    """The task on as many whole dossiers as hold about so many rows, and no more than so many, drawn evenly."""
    dossiers = np.unique(task.dossier)
    wanted = min(round(len(dossiers) * most / len(task.x)), most_dossiers or len(dossiers))
    if wanted >= len(dossiers):
        return task
    kept = np.random.default_rng(task.seed).permutation(dossiers)[:wanted]
    return task.take(np.isin(task.dossier, kept))


def losses(probability: Floats, converted: Bools, weight: Floats) -> Floats:
    """Each row's log loss, (n,), once all log-odds are shifted so that the probabilities add up to the conversions.

    Base rates move between windows, which recalibration mends whatever the learner: it must not decide between them.
    """
    margin = logit(np.clip(probability, EDGE, 1.0 - EDGE))

    def surplus(shift: float) -> float:
        return float(np.sum(weight * (expit(margin + shift) - converted)))

    if surplus(-FURTHEST_SHIFT) < 0.0 < surplus(FURTHEST_SHIFT):
        margin = margin + brentq(surplus, -FURTHEST_SHIFT, FURTHEST_SHIFT, xtol=1e-9)
    return np.asarray(np.logaddexp(0.0, np.where(converted, -margin, margin)))


def _has_both(converted: Bools) -> bool:
    return bool(converted.any() and not converted.all())
