"""Logistic regression with an L2 penalty of its own for each feature, chosen by marginal likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from common.arrays import Floats
from models_registry.learning.bagging import fitted_in_bags, out_of_bag
from models_registry.learning.designs import STRETCHES, Design
from models_registry.learning.linear import LinearBags
from models_registry.learning.penalties import MOST, Groups, groups_of, likeliest, solved
from models_registry.learning.task import Fitted, Progress, Task
from models_registry.learning.windows import arrival, losses, older_and_later, sampled

HALF_LIVES = (None, 1.0, 0.5, 0.25)
"""Shares of the training dossiers, newest first, after which a dossier counts half: what moves has moved since.

None: all count the same, which wastes nothing where nothing moves.
"""
SURE = 2.4
"""Standard errors by which what is less simple must be better: one in twenty by chance, of three half-lives."""
MOST_TRIED = 40_000
"""Rows that shape, half-life and penalties are learnt from: as a prior, the right one hardly depends on how many."""
HELD_BACK = MOST / 10
"""Under such a penalty nothing to speak of is left of a term."""


class LogisticRegression:
    """Amounts enter as logarithms, shares as log-odds, numbers as straight or broken lines."""

    name = "logistic_regression"
    title = "Logistic regression"

    def unavailable(self) -> str | None:
        """It always can be used."""
        return None

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Learns shape, half-life and penalties once, the weights on all rows, and how they vary in bags."""
        with threadpool_limits(1):
            bent, half_life = chosen(task)
            task = replace(task, weight=task.weight * _recency(task, half_life))
            design = Design.fit(task.x, task.weight, bent=bent, shares=task.shares)
            whole = _Weighed.learnt(design, task)

        def fit_one(part: Task) -> tuple[Floats, Floats]:
            # Penalties are learnt anew in each bag: which features tell something is an estimate, too.
            bag = whole.again(part)
            return np.array([bag.intercept]), bag.coefficient

        learners, member = fitted_in_bags(task, fit_one, report, "Logistic regression")
        bags = LinearBags(design, *map(np.concatenate, zip(*learners, strict=True)))
        parameters = {
            "terms": len(design),
            "held_back": int(np.sum(whole.penalty >= HELD_BACK)),
            "stretches": STRETCHES if bent else 1,
            "half_life": half_life,
            "bags": task.bags,
        }
        return Fitted(
            bags.around(whole.intercept, whole.coefficient),
            bags.share(out_of_bag(bags.bags(task.x).mean, member)),
            parameters | {"explanation": {"method": "exact"}},
        )


@dataclass(frozen=True)
class _Weighed:
    """A weighted sum of a design's k terms; `penalty` (k,) held its weights back, each that of its `group` (k,)."""

    design: Design
    group: Groups
    penalty: Floats
    coefficient: Floats
    intercept: float = 0.0

    @classmethod
    def learnt(cls, design: Design, task: Task) -> Self:
        """From the task's rows, with the likeliest penalties."""
        group = groups_of(design, sampled(task, MOST_TRIED).x, task.feature)
        nothing = np.zeros(len(design))
        return cls(design, group, penalty=nothing, coefficient=nothing).again(task)

    def again(self, task: Task) -> Self:
        """The same from other rows, with the penalties that are likeliest by these."""
        few = sampled(task, MOST_TRIED)
        terms, rows = self.design.terms(few.x), (few.converted, few.weight)
        return replace(self, penalty=likeliest(terms, *rows, self.group)).weighed(task)

    def weighed(self, task: Task) -> Self:
        """The same penalties, and weights from these rows."""
        intercept, coefficient = solved(self.design.terms(task.x), task.converted, task.weight, self.penalty)
        return replace(self, intercept=intercept, coefficient=coefficient)

    def losses(self, task: Task) -> Floats:
        """Each row's log loss, (n,), once the base rate is right."""
        share = expit(self.intercept + self.design.terms(task.x) @ self.coefficient)
        return losses(share, task.converted, task.weight)


def chosen(task: Task) -> tuple[bool, float | None]:
    """Whether numbers bend, and the half-life: what foretells the newest dossiers best when learnt on the older ones.

    The simpler stands unless another is surely better: lines are straight, and all dossiers count.
    """
    before, after = older_and_later(sampled(task, MOST_TRIED))
    designs = [Design.fit(before.x, before.weight, bent=bent, shares=before.shares) for bent in (False, True)]
    shapes = [_Weighed.learnt(design, before) for design in designs]
    bent = _best([shape.losses(after) for shape in shapes], after)
    shape = shapes[bent]

    def aged(half_life: float | None) -> Floats:
        counted = replace(before, weight=before.weight * _recency(before, half_life))
        return shape.weighed(counted).losses(after)

    return bool(bent), HALF_LIVES[_best([aged(each) for each in HALF_LIVES], after)]


def _best(of_each: list[Floats], rows: Task) -> int:
    """Which of these losses (n,) is the least; the first of all that are not surely more."""
    _, place = np.unique(rows.dossier, return_inverse=True)
    least = min(of_each, key=lambda each: float(rows.weight @ each))

    def is_as_good(each: Floats) -> bool:
        more = rows.weight * (each - least)
        apart = np.bincount(place, more - more.sum() / rows.weight.sum() * rows.weight)
        return bool(more.sum() <= SURE * np.sqrt(np.sum(apart**2)))

    return next(at for at, each in enumerate(of_each) if is_as_good(each))


def _recency(task: Task, half_life: float | None) -> Floats:
    """What each row counts by the age of its dossier, (n,): 1 on average."""
    if half_life is None:
        return np.ones(len(task.weight))
    rank = arrival(task)
    counts = 0.5 ** (-rank / (half_life * (rank.max() + 1)))
    return np.asarray(counts * task.weight.sum() / np.sum(counts * task.weight))
