"""Experiments whose guardrails are looked at, simulated."""

from __future__ import annotations

import numpy as np

from experiments.statistics.guarding import Measured, change_of
from experiments.statistics.means import Sums

DAYS, MARGIN = 30, 0.1


def breached_at_a_look(leads_a_day: int, rates: tuple[float, float], seed: int, *, experiments: int = 200) -> float:
    """The share of experiments whose revenue guardrail was breached on one day or another of the first thirty.

    Leads of both arms sell at their `rates`, for sums whose logarithm is normal.
    """
    chance = np.random.default_rng(seed)
    return float(np.mean([_is_breached(leads_a_day, rates, chance) for _ in range(experiments)]))


def _is_breached(leads_a_day: int, rates: tuple[float, float], chance: np.random.Generator) -> bool:
    sums = np.zeros((2, 4))
    for _ in range(DAYS):
        treated = chance.binomial(leads_a_day, 0.5)
        for arm, leads in enumerate((leads_a_day - treated, treated)):
            paid = np.exp(chance.normal(size=chance.binomial(leads, rates[arm])))
            sums[arm] += leads, len(paid), paid.sum(), (paid**2).sum()
        control, treatment = (Measured(Sums(int(n), total, squares), int(paid)) for n, paid, total, squares in sums)
        high = change_of(control, treatment, None).high
        if high is not None and high < -MARGIN:
            return True
    return False
