"""The true probability of the demonstration, as a function of what the catalogue's features say of a lead at a moment.

Pure. It is a logistic regression whose coefficients are known: PRIOR_LOGIT + regressors @ COEFFICIENTS. A model that is
given `regressors` is correctly specified; how well one fitted on them does is the best that learning can reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

from common.arrays import Floats
from leads.demo import world
from leads.demo.world import Size, Words
from leads.features import Column, Columns

Term = tuple[str, float, Callable[[Columns], Floats]]

_CITY_LEVEL = {city: price for city, (_, _, price) in world.CITIES.items()}
_COUNTS = {
    "inbound": "inbound_messages_count",
    "appointments": "appointments_count",
    **{kind: f"events.{kind}.count" for kind in world.OWN_KINDS},
}


def true_probability(columns: Columns, *, horizon_days: float = world.LAST_DAY) -> Floats:
    """The probability, shape (n,), that each lead, undecided at its moment, converts within the horizon of it.

    `columns` are the catalogue's, as of the moments; one that is absent is missing for every lead. Exact but for the
    rounding of prices and budgets (1e-4 of a logit). Source: Bayes' theorem, docs/demonstration.md.
    """
    age = columns["days_since_creation"]
    ever = np.where(age < world.LAST_DAY, expit(true_logit(columns)), 0.0)
    now, then = (world.still_open(moment)[0] for moment in (age, age + horizon_days))
    return np.asarray(ever * (1 - np.divide(then, now, out=np.zeros_like(now), where=now > 0)))


def true_logit(columns: Columns) -> Floats:
    """The logit, shape (n,), of the probability that each lead converts at all; -inf after the last day."""
    return np.asarray(world.PRIOR_LOGIT + sum(coefficient * value(columns) for _, coefficient, value in TERMS))


def regressors(columns: Columns) -> Floats:
    """What a correctly specified logistic model is given, shape (n, len(TERMS)). Ages must be below the last day."""
    return np.column_stack([value(columns) for _, _, value in TERMS])


def _column(columns: Columns, name: str, missing: object = np.nan) -> Column:
    return columns[name] if name in columns else np.full(len(columns["days_since_creation"]), missing)


def _words(name: str, words: Words) -> Iterator[Term]:
    for word in words.shares:
        yield f"{name} is {word}", words.weight(word), partial(_is, name=name, word=word)


def _is(columns: Columns, *, name: str, word: Any) -> Floats:
    return np.array(_column(columns, name, None) == word, dtype=float)


def _size(name: str, size: Size, level: Callable[[Columns], Floats]) -> Term:
    def above(columns: Columns) -> Floats:
        return np.nan_to_num(np.log(_column(columns, name) / level(columns)))

    return f"log of {name} over its level", size.slope, above


def _levels(column: Column, levels: dict[str, float]) -> Floats:
    return np.array([levels.get(place, np.nan) for place in column])


def _unanswered(columns: Columns) -> Floats:
    waiting = np.isnan(columns["response_time_minutes"])
    return np.where(waiting, world.unanswered_weight(columns["days_since_creation"]), 0.0)


def _wanted_in(columns: Columns) -> Floats:
    """The date comes as days before the moment; counted from creation, the day after it is 1."""
    days = np.ceil(columns["days_since_creation"] - _column(columns, "attributes.wanted_from") - 1e-9)
    return np.nan_to_num(world.wanted_weight(days))


def _terms() -> Iterator[Term]:
    yield from _words("source", world.SOURCE)
    yield from _words("attributes.financing", world.FINANCING)
    yield from _words("attributes.first_time_buyer", world.FIRST_TIME_BUYER)
    yield from _words("property_has_photos", world.HAS_PHOTOS)
    yield _size("attributes.budget", world.BUDGET, lambda c: _levels(c["region"], dict(world.REGION_LEVEL)))
    yield _size("property_price", world.PRICE, lambda c: _levels(c["city"], _CITY_LEVEL))
    yield _size("response_time_minutes", world.RESPONSE, lambda c: np.full(len(c["region"]), world.RESPONSE_LEVEL))
    yield "weight of being unanswered", 1.0, _unanswered
    yield "weight of the date it is wanted from", 1.0, _wanted_in
    for name, feature in _COUNTS.items():
        yield feature, world.STREAMS[name].weight, partial(_count, name=feature)
    yield "weight of age", 1.0, lambda c: world.age_weight(c["days_since_creation"])


def _count(columns: Columns, *, name: str) -> Floats:
    with_every_lead = 1.0 if name == _COUNTS["inbound"] else 0.0  # its first message
    return np.asarray(_column(columns, name, 0.0) - with_every_lead)


TERMS: tuple[Term, ...] = tuple(_terms())
COEFFICIENTS: Floats = np.array([coefficient for _, coefficient, _ in TERMS])
