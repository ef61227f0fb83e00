"""Features that tell *when* a lead came rather than *which* lead it is: an economic index, the month, a campaign.

Such a feature is the same for all leads of a day, and its values do not come back: what a model learns from them says
nothing of the next ones. What the period does to the conversion rate is measured by the recent conversion rate instead.
A weekday is the same for all leads of a day, too, but it comes back each week.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.catalogue import LATELY
from leads.features import Column, LabelledRows

RATES = tuple(definition.feature.name for definition in LATELY)
"""The recent conversion rates, which are of the times, and meant to be."""
SOURCES_RATE = "lead_source_score"
"""Where all leads come from one source its rate is of the times, too: it is the rate of all, of all time."""
TIMES = "It tells when a lead came, not which lead it is: the recent conversion rate says what the times do."
FEWEST_DAYS, FEWEST_LEADS = 60, 200
"""Days with two leads or more, and leads on them: on fewer, a lead's own feature may look like its day's by chance.

In 60 days each weekday comes back eight times.
"""
SAME_DAY = 0.95
"""Of how much two leads differ, so much is gone where they came on the same day."""
COMES_BACK = 5.0
"""Spells of a value, on average: one with so many has come back often enough to be learnt from."""
MOST_STEPS, DAYS_A_STEP = 10, 10
"""Numbers come back where a step of theirs does: there are at most so many, each of so many days at least."""

Indices = NDArray[np.intp]


def of_the_times(past: LabelledRows, names: Collection[str]) -> dict[str, str]:
    """Those of these features of `past` that only tell the time, with the reason; none if no recent rate is among them.

    Each lead counts once, as it was first seen.
    """
    if not set(RATES) & set(names):
        return {}
    rows, day = _on_shared_days(past)
    if len(rows) < FEWEST_LEADS or day[-1] + 1 < FEWEST_DAYS:
        return {}
    asked = [name for name in names if name not in RATES]
    return {name: TIMES for name in asked if _tells_the_times(past.columns[name][rows], day)}


def rates_that_stay(left_out: Collection[str]) -> tuple[str, ...]:
    """Those of the recent rates that must be there, whatever they tell by themselves: these features went for them.

    None where what went was but another rate of all leads.
    """
    return RATES if set(left_out) - {SOURCES_RATE} else ()


def _on_shared_days(past: LabelledRows) -> tuple[Indices, Indices]:
    """Each lead's first row, of those that share the (UTC) day of their creation, by days, and its day, from 0."""
    order = np.lexsort((past.moment, past.dossier))
    dossier = past.dossier[order]
    first = order[np.append(True, dossier[1:] != dossier[:-1])[: len(order)]]
    created = past.created_at[first].astype("datetime64[D]").astype(np.int64)
    _, day, leads = np.unique(created, return_inverse=True, return_counts=True)
    shared = leads[day] > 1
    rows, day = first[shared], np.unique(day[shared], return_inverse=True)[1]
    by_day = np.argsort(day, kind="stable")
    return rows[by_day], day[by_day]


def _tells_the_times(column: Column, day: Indices) -> bool:
    if column.dtype == object:
        level = _levels(column)
        return _share_of_days(level, day) >= SAME_DAY and _spells(_commonest(level, day)) < COMES_BACK
    place = _places(np.where(np.isnan(column), -np.inf, column))
    return _explained(place, day) >= SAME_DAY and _spells(_steps(place, day)) < COMES_BACK


def _levels(column: Column) -> Indices:
    """Words, and that there is none, as numbers from 0."""
    seen: dict[str | None, int] = {}
    return np.array([seen.setdefault(each, len(seen)) for each in column.tolist()], dtype=np.intp)


def _places(values: Floats) -> Floats:
    """Each value's place among all; equal ones share the middle of theirs. Outliers are no further away than others."""
    _, at, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - count / 2)[at])


def _explained(place: Floats, day: Indices) -> float:
    """The share of the variance that is between days, without what chance alone would put there; 0 of none."""
    leads = np.bincount(day)
    within = place - (np.bincount(day, place) / leads)[day]
    total = float(np.sum((place - place.mean()) ** 2)) / (len(place) - 1)
    return 1.0 - float(np.sum(within**2)) / (len(place) - len(leads)) / total if total > 0.0 else 0.0


def _share_of_days(level: Indices, day: Indices) -> float:
    """The same of levels: by how much less often two leads of a day differ than any two do; 0 where none differ."""
    levels, leads, n = int(level.max()) + 1, np.bincount(day), len(level)
    pair, count = np.unique(day * levels + level, return_counts=True)
    own = leads[pair // levels]
    within = float(np.sum(count * (own - count) / own)) / (n - len(leads))
    of_all = np.bincount(level)
    total = float(np.sum(of_all * (n - of_all) / n)) / (n - 1)
    return 1.0 - within / total if total > 0.0 else 0.0


def _commonest(level: Indices, day: Indices) -> Indices:
    """Each day's commonest level, (days,)."""
    levels = int(level.max()) + 1
    pair, count = np.unique(day * levels + level, return_counts=True)
    best = np.lexsort((count, pair // levels))[np.cumsum(np.bincount(pair // levels)) - 1]
    return np.asarray(pair[best] % levels)


def _steps(place: Floats, day: Indices) -> Indices:
    """Each day's mean place, (days,), by the step that it stands on: all steps have about as many days."""
    mean = np.bincount(day, place) / np.bincount(day)
    steps = min(len(mean) // DAYS_A_STEP, MOST_STEPS)
    return np.asarray(_places(mean) * steps // len(mean), dtype=np.intp)


def _spells(value: Indices) -> float:
    """In how many runs of days a value stands, on average over the values."""
    return (1 + int(np.count_nonzero(value[1:] != value[:-1]))) / len(np.unique(value))
