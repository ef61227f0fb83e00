"""The rules as a scorer: points for what is known of a lead, where no model is active.

A lead starts from the base points and each rule that holds adds its own; a point is a percentage point. Rules have no
sampling error: what is uncertain of them is what missing inputs would add, so the interval is the range of
probabilities that the lead could have if the missing inputs were known.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.catalogue import ELEVEN_FEATURES, definition_of
from leads.features import Column, Columns, Feature, Kind
from models_registry.learning.scores import Scores

BASE_POINTS = 10.0
LEAST, MOST = 0.01, 0.99


@dataclass(frozen=True)
class Rule:
    """So many points where the feature lies in [low, high) (None: unbounded), or is the word `category`."""

    feature: str
    low: float | None
    high: float | None
    points: float
    category: str | None = None

    def holds(self, column: Column) -> NDArray[np.bool_]:
        """For which rows it holds, (n,); never where the input is missing."""
        if self.category is not None:
            return np.asarray(column == self.category, dtype=bool)
        values = np.asarray(column, dtype=np.float64)
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return np.asarray((values >= low) & ((values < high) | (np.isposinf(high) & ~np.isnan(values))))


DEFAULT_RULES = (
    Rule("lead_source_score", None, 20, -5),
    Rule("lead_source_score", 40, 70, 8),
    Rule("lead_source_score", 70, None, 15),
    Rule("response_time_minutes", None, 15, 15),
    Rule("response_time_minutes", 15, 60, 10),
    Rule("response_time_minutes", 60, 1440, 5),
    Rule("response_time_minutes", 4320, None, -5),
    Rule("inbound_messages_count", 1, 3, 5),
    Rule("inbound_messages_count", 3, 5, 10),
    Rule("inbound_messages_count", 5, None, 15),
    Rule("appointments_count", 1, 2, 20),
    Rule("appointments_count", 2, None, 30),
    Rule("has_property", 1, None, 5),
)


class UnknownFeature(ValueError):
    """No feature of that name is in the catalogue."""


def feature_of(rule: Rule) -> Feature:
    """The catalogue's feature that a rule is about. Raises UnknownFeature."""
    kind = Kind.NUMERIC if rule.category is None else Kind.CATEGORY
    try:
        feature = definition_of(Feature(rule.feature, kind, "", "")).feature
    except KeyError as error:
        raise UnknownFeature(rule.feature) from error
    if feature.is_category != (rule.category is not None):
        raise UnknownFeature(f"{rule.feature} as {kind}")
    return feature


class Rules:
    """A table of rules: the `Scorer` of an organisation without a model. Raises UnknownFeature."""

    def __init__(self, rules: Iterable[Rule] = DEFAULT_RULES) -> None:
        self.rules = tuple(rules)
        self.base = float(np.clip(BASE_POINTS / 100, LEAST, MOST))
        others = {rule.feature: feature_of(rule) for rule in self.rules}
        eleven = {feature.name for feature in ELEVEN_FEATURES}
        self._features = ELEVEN_FEATURES + tuple(others[name] for name in sorted(others) if name not in eleven)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The eleven, and any other that a rule names."""
        return self._features

    @functools.cached_property
    def _reach(self) -> Floats:
        """The least and the most that each feature can add when known, in shares, (2, features); both hold 0."""
        attainable = [_attainable([rule for rule in self.rules if rule.feature == f.name], f) for f in self._features]
        return np.array([[min(each), max(each)] for each in attainable]).T / 100

    def score(self, columns: Columns, *, contributions: bool = True) -> Scores:
        """Scores the n rows of the features' columns. Raises KeyError where one of them is not there."""
        given = [columns[feature.name] for feature in self._features]
        pairs = list(zip(self._features, given, strict=True))
        missing = np.column_stack([_missing(feature, column) for feature, column in pairs])
        added = np.column_stack([self._added(feature.name, column) for feature, column in pairs]) / 100
        raw = self.base + added.sum(axis=1)
        probability = np.clip(raw, LEAST, MOST)
        low, high = (np.clip(raw + missing @ reach, LEAST, MOST) for reach in self._reach)
        parts = _kept_adding_up(added, raw, probability, self.base) if contributions else np.empty((0, len(given)))
        return Scores(probability, low, high, self.base, parts, missing)

    def _added(self, name: str, column: Column) -> Floats:
        points = np.zeros(len(column))
        for rule in self.rules:
            if rule.feature == name:
                points += rule.points * rule.holds(column)
        return points


def _kept_adding_up(added: Floats, raw: Floats, probability: Floats, base: float) -> Floats:
    """Contributions scaled where the probability was kept within its bounds, so that they still add up to it."""
    away = raw - base
    moved = np.abs(away) > 1e-12
    return np.asarray(added * np.where(moved, (probability - base) / np.where(moved, away, 1.0), 1.0)[:, None])


def _missing(feature: Feature, column: Column) -> NDArray[np.bool_]:
    if feature.is_category:
        return np.array([not isinstance(value, str) for value in column.tolist()], dtype=bool)
    return np.isnan(np.asarray(column, dtype=np.float64))


def _attainable(rules: list[Rule], feature: Feature) -> list[float]:
    """The points that the feature's possible values can get, and 0, which a missing one gets."""
    if feature.is_category:
        words = np.array([rule.category for rule in rules], dtype=object)
        return [0.0, *_points_of(rules, words)]
    edges = sorted({edge for rule in rules for edge in (rule.low, rule.high) if edge is not None})
    between = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
    outside = [edges[0] - 1, edges[-1] + 1] if edges else [0.0]
    values = [each for each in (*edges, *between, *outside) if _is_possible(each, feature)]
    return [0.0, *_points_of(rules, np.array(values, dtype=np.float64))]


def _is_possible(value: float, feature: Feature) -> bool:
    if feature.kind is Kind.BOOLEAN:
        return value in (0, 1)
    return (feature.low is None or value >= feature.low) and (feature.high is None or value <= feature.high)


def _points_of(rules: list[Rule], column: Column) -> list[Any]:
    total = np.zeros(len(column))
    for rule in rules:
        total += rule.points * rule.holds(column)
    return list(total.tolist())
