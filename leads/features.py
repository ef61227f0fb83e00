"""What a feature is: a named, typed value with its unit, range and meaning. Pure: no Django.

A column of n rows is an array of shape (n,): float64 with NaN for missing where the feature is numeric, boolean or a
date, object (str or None) where it is a category. Which features there are stands in `leads.catalogue`.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Moments
from leads.records import MAX_NUMBER, MAX_TEXT

Column = NDArray[Any]
Columns = Mapping[str, Column]


def distinct(values: Moments) -> tuple[Moments, NDArray[np.intp]]:
    """The different ones among n values, sorted, and the position of each value among them, (n,)."""
    if len(values) == 1:  # as a request has it
        return values, np.zeros(1, dtype=np.intp)
    return np.unique(values, return_inverse=True)


class Kind(enum.StrEnum):
    """How a feature's values are to be read."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    DATE = "date"
    """An attribute that holds a date; the feature is the number of days from it to the moment."""


@dataclass(frozen=True)
class Feature:
    """One named, typed property of a lead as of a moment.

    `low` and `high` bound what a caller may send (inclusive; None is unbounded). `influenceable` says whether a person
    can change it by working the lead, which is what what-if may vary.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    influenceable: bool = False

    @property
    def is_category(self) -> bool:
        """Whether the column holds words rather than numbers."""
        return self.kind is Kind.CATEGORY

    def to_json(self) -> dict[str, Any]:
        """The feature as plain data, for a model's card."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "unit": self.unit,
            "meaning": self.meaning,
            "low": self.low,
            "high": self.high,
            "influenceable": self.influenceable,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Feature:
        """The inverse of `to_json`. Raises KeyError or ValueError where the data are not of that form."""
        return cls(
            name=str(data["name"]),
            kind=Kind(data["kind"]),
            unit=str(data["unit"]),
            meaning=str(data["meaning"]),
            low=data["low"],
            high=data["high"],
            influenceable=bool(data["influenceable"]),
        )

    def problem_with(self, value: Any) -> str | None:
        """Why `value`, as sent by a caller, cannot be this feature; None where it can (None itself means missing)."""
        if value is None:
            return None
        if self.kind is Kind.CATEGORY:
            return self._text_problem(value)
        if not isinstance(value, (int, float)):
            return "must be a number of days, from the date to now." if self.kind is Kind.DATE else "must be a number."
        if isinstance(value, bool) and self.kind is not Kind.BOOLEAN:
            return "must be a number, not true or false."
        problem = self._range_problem(value)
        if problem is None and self.kind is Kind.BOOLEAN and value not in (0, 1):
            return "must be true or false, or 1 or 0."
        return problem

    def suits(self, values: Collection[Any]) -> bool:
        """Whether all of these can be this feature, seen at a glance; where not, `problem_with` says of each why."""
        types, known = set(map(type, values)), [value for value in values if value is not None]
        if self.kind is Kind.CATEGORY:
            return types <= {str, NoneType} and max(map(len, known), default=0) <= MAX_TEXT
        if self.kind is Kind.BOOLEAN:
            return types <= {int, float, bool, NoneType} and set(known) <= {0, 1}
        if not types <= {int, float, NoneType}:
            return False
        return not known or (self._range_problem(min(known)) is None and self._range_problem(max(known)) is None)

    def _text_problem(self, value: Any) -> str | None:
        """A text is stored with every prediction, so it is as long as a lead's own can be at most."""
        if not isinstance(value, str):
            return "must be a text."
        return None if len(value) <= MAX_TEXT else f"must have at most {MAX_TEXT} characters."

    def _range_problem(self, value: float) -> str | None:
        if not -MAX_NUMBER < value < MAX_NUMBER:
            return "must be a finite number."
        if self.low is not None and value < self.low:
            return f"must be at least {self.low:g}."
        if self.high is not None and value > self.high:
            return f"must be at most {self.high:g}."
        return None


@dataclass(frozen=True)
class LabelledRows:
    """Training rows: snapshots of the past and what became of them within the horizon.

    All arrays have length n. Rows of one dossier share `dossier`. Before what each stands for of the snapshots that are
    left out as undecided, rows weigh the same, and dossiers 1 on average (ADR 6); with `ML_SNAPSHOT_WEIGHTS=lead` each
    dossier weighs 1. `availability` says of a feature when its value is known: creation, observed or unknown; those not
    named are safe by construction. `later` names attributes that are never read, and why: contact or outcome.
    `labelling` tells how the labels were made, as plain data for a card.
    """

    features: tuple[Feature, ...]
    columns: Columns
    converted: NDArray[np.bool_]
    weight: NDArray[np.float64]
    dossier: NDArray[np.int64]
    created_at: Moments
    moment: Moments
    availability: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, str] = field(default_factory=dict)
    labelling: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.converted)

    def take(self, rows: NDArray[Any]) -> LabelledRows:
        """The rows at these positions, or where this mask is true."""
        return replace(
            self,
            columns={name: column[rows] for name, column in self.columns.items()},
            converted=self.converted[rows],
            weight=self.weight[rows],
            dossier=self.dossier[rows],
            created_at=self.created_at[rows],
            moment=self.moment[rows],
        )

    def without(self, names: Collection[str]) -> LabelledRows:
        """The rows without these features."""
        kept = tuple(feature for feature in self.features if feature.name not in names)
        return replace(self, features=kept, columns={feature.name: self.columns[feature.name] for feature in kept})
