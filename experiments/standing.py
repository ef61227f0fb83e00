"""Where each arm stands: the database's counts as the statistics want them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.aggregates import Aggregates, Exposed
from experiments.conversions import Sold
from experiments.models import Experiment
from experiments.statistics import survival
from experiments.statistics.cuped import Joint
from experiments.statistics.means import Sums
from experiments.statistics.proportions import Counts
from experiments.statistics.survival import Watched


@dataclass(frozen=True)
class Standing:
    """One arm. `everyone` are all its leads so far; `matured` those whose window is over, on whom it is decided."""

    variant: str
    method: str
    share: float
    predictions: int
    everyone: Counts
    matured: Counts
    revenue: Sums
    """Capped revenue of each matured lead, 0 where there is none."""
    paid: int
    """How many matured conversions came with a revenue."""
    covaried: Joint
    """Conversion (y) and the champion's probability (x) of the matured leads that have one."""
    watched: Watched
    median_day: float | None
    """Of the conversions of matured leads."""
    by_age: Sequence[int]
    """Leads by how many days ago they came in."""


def standings(experiment: Experiment, counted: Aggregates) -> list[Standing]:
    """Every arm's, control first."""
    return [_standing(experiment, arm, counted) for arm in experiment.arms]


def _standing(experiment: Experiment, arm: dict[str, Any], counted: Aggregates) -> Standing:
    exposed = [row for row in counted.exposed if row.variant == arm["name"]]
    sold = [row for row in counted.conversions.by_day if row.variant == arm["name"]]
    paid = [row for row in counted.conversions.paid if row.variant == arm["name"] and row.matured]
    days = experiment.attribution_days
    old, old_sold = [row for row in exposed if row.age > days], [row for row in sold if row.age > days]
    matured = Counts(_total(row.conversions for row in old_sold), _total(row.leads for row in old))
    watched = _watched(days, exposed, sold)
    return Standing(
        variant=arm["name"],
        method=arm["method"],
        share=arm["share"],
        predictions=counted.predictions.get(arm["name"], 0),
        everyone=Counts(_total(row.conversions for row in sold), _total(row.leads for row in exposed)),
        matured=matured,
        revenue=Sums(matured.leads, sum(row.revenue for row in paid), sum(row.revenue_squared for row in paid)),
        paid=_total(row.conversions for row in paid),
        covaried=_joint(old, old_sold),
        watched=watched,
        median_day=survival.median_of_days(watched.conversions[days].tolist()),
        by_age=_by_age(exposed),
    )


def _total(numbers: Iterable[int]) -> int:
    return int(sum(numbers))


def _joint(exposed: Sequence[Exposed], sold: Sequence[Sold]) -> Joint:
    conversions = float(sum(row.known for row in sold))
    return Joint(
        n=_total(row.known for row in exposed),
        y=conversions,
        yy=conversions,
        x=sum(row.chances for row in exposed),
        xx=sum(row.chances_squared for row in exposed),
        xy=sum(row.chances for row in sold),
    )


def _watched(days: int, exposed: Sequence[Exposed], sold: Sequence[Sold]) -> Watched:
    leads, conversions = np.zeros(days + 1, dtype=np.int64), np.zeros((days + 1, days), dtype=np.int64)
    for row in exposed:
        leads[_seen(row.age, days)] += row.leads
    for each in sold:
        conversions[_seen(each.age, days), each.day] += each.conversions
    return Watched(leads, conversions)


def _seen(age: int, days: int) -> int:
    """For how many whole days a lead that came in `age` days ago has been observed: 0 for today's and yesterday's."""
    return min(max(age - 1, 0), days)


def _by_age(exposed: Sequence[Exposed]) -> list[int]:
    counts = [0] * (max((row.age for row in exposed), default=-1) + 1)
    for row in exposed:
        counts[row.age] += row.leads
    return counts


def by_day(experiment: Experiment, counted: Aggregates, *, matured_only: bool) -> list[tuple[int, list[Counts]]]:
    """(days ago, each arm's leads of that day and their conversions), oldest first."""
    names = {name: number for number, name in enumerate(experiment.variants)}
    least = experiment.attribution_days + 1 if matured_only else 0
    ages = sorted({row.age for row in counted.exposed if row.age >= least}, reverse=True)
    leads = {age: [0] * len(names) for age in ages}
    conversions = {age: [0] * len(names) for age in ages}
    for row in counted.exposed:
        if row.age >= least and row.variant in names:
            leads[row.age][names[row.variant]] += row.leads
    for each in counted.conversions.by_day:
        if each.age >= least and each.variant in names and each.age in leads:
            conversions[each.age][names[each.variant]] += each.conversions
    return [(age, [Counts(*pair) for pair in zip(conversions[age], leads[age], strict=True)]) for age in ages]
