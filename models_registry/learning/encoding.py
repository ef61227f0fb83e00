"""From feature columns to the matrix a learner takes: learnt on the training part, the same ever after."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from leads.catalogue import SHARE
from leads.features import Column, Columns, Feature, LabelledRows
from models_registry.learning.pointwise import by_feature, encode_numbers

LARGEST = float(np.finfo(np.float32).max)
RARE_DOSSIERS = 5
RARE_SHARE = 0.01
MOST_LEVELS = 30


@dataclass(frozen=True)
class Number:
    """How a numeric, boolean or date feature is encoded: its value, where it varies, and whether it was missing."""

    feature: int
    median: float
    varies: bool
    indicator: bool

    @property
    def width(self) -> int:
        """How many columns it becomes."""
        return self.varies + self.indicator


@dataclass(frozen=True)
class Words:
    """How a category is encoded: a column for each frequent level, then one for missing, then one for the rare ones.

    A level never seen counts as rare; where training had no rare ones it is zero in every column.
    """

    feature: int
    levels: tuple[str, ...]
    missing: bool
    other: bool

    @property
    def width(self) -> int:
        """How many columns it becomes."""
        return len(self.levels) + self.missing + self.other


@dataclass(frozen=True)
class Encoded:
    """`matrix` (n, columns) in float32 without NaN, and which features were `missing`, (n, features)."""

    matrix: NDArray[np.float32]
    missing: NDArray[np.bool_]


@dataclass(frozen=True)
class Encoder:
    """The learnt encoding. Columns stand in the order of their features; a feature that never varied has none."""

    features: tuple[Feature, ...]
    codes: tuple[Number | Words, ...]
    """One a feature, in their order."""

    @classmethod
    def fit(cls, rows: LabelledRows, unused: Collection[str] = ()) -> Self:
        """Learns medians, levels and what varies from these rows alone. Features named `unused` get no column."""
        return cls(
            rows.features,
            tuple(
                _nothing(at, feature) if feature.name in unused else _learn(at, feature, rows)
                for at, feature in enumerate(rows.features)
            ),
        )

    @functools.cached_property
    def column_feature(self) -> NDArray[np.intp]:
        """The position of each column's feature, (columns,), in ascending order."""
        return np.repeat(np.arange(len(self.codes)), [code.width for code in self.codes])

    @functools.cached_property
    def column_is_share(self) -> NDArray[np.bool_]:
        """Whether each column is a share's value, (columns,); that one was missing is none."""
        column, is_share = 0, np.zeros(self.columns, dtype=bool)
        for feature, code in zip(self.features, self.codes, strict=True):
            if isinstance(code, Number) and code.varies:
                is_share[column] = feature.unit == SHARE
            column += code.width
        return is_share

    @property
    def columns(self) -> int:
        """The width of the matrix."""
        return len(self.column_feature)

    @functools.cached_property
    def _plan(self) -> _Plan:
        return _Plan.of(self)

    def transform(self, columns: Columns) -> NDArray[np.float32]:
        """The matrix alone, (n, columns). Raises KeyError where a feature's column is not there."""
        return self.encode(columns).matrix

    def encode(self, columns: Columns) -> Encoded:
        """The matrix, and what was missing. Raises KeyError where a feature's column is not there."""
        plan, n = self._plan, len(columns[self.features[0].name])
        matrix = np.zeros((n, self.columns), dtype=np.float32)
        missing = np.zeros((n, len(self.features)), dtype=bool)
        plan.fill_numbers(columns, matrix, missing)
        for words in plan.words:
            words.fill(columns, matrix, missing)
        return Encoded(matrix, missing)

    def sum_by_feature(self, values: NDArray[np.float64], stretch: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of columns (n, columns) summed to their features, times each row's stretch (n,): (n, features)."""
        return by_feature(values, self._plan.feature_of, len(self.features), stretch)

    def to_json(self) -> dict[str, Any]:
        """The encoding as plain data."""
        codes = [{"as": "words" if isinstance(code, Words) else "number", **asdict(code)} for code in self.codes]
        return {"features": [feature.to_json() for feature in self.features], "codes": codes}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError where the data are not of that form."""
        features = tuple(Feature.from_json(each) for each in data["features"])
        codes = tuple(_code(each) for each in data["codes"])
        if [code.feature for code in codes] != list(range(len(features))):
            raise ValueError("the codes do not match the features")
        return cls(features, codes)


def _code(data: Mapping[str, Any]) -> Number | Words:
    if data["as"] == "words":
        levels = tuple(str(level) for level in data["levels"])
        return Words(int(data["feature"]), levels, bool(data["missing"]), bool(data["other"]))
    median = float(data["median"])
    if not np.isfinite(median):
        raise ValueError("a median is not a number")
    return Number(int(data["feature"]), median, bool(data["varies"]), bool(data["indicator"]))


def _nothing(at: int, feature: Feature) -> Number | Words:
    if feature.is_category:
        return Words(at, (), missing=False, other=False)
    return Number(at, 0.0, varies=False, indicator=False)


def _learn(at: int, feature: Feature, rows: LabelledRows) -> Number | Words:
    column = rows.columns[feature.name]
    return _learn_words(at, column, rows.weight) if feature.is_category else _learn_number(at, column)


def _learn_number(at: int, column: Column) -> Number:
    values = np.clip(np.asarray(column, dtype=np.float64), -LARGEST, LARGEST)
    missing = np.isnan(values)
    known = values[~missing]
    if len(known) == 0:
        return Number(at, 0.0, varies=False, indicator=False)
    median = float(np.float32(np.median(known)))
    varies = bool(np.any(known.astype(np.float32) != np.float32(known[0])))
    return Number(at, median, varies, indicator=bool(missing.any()))


def _learn_words(at: int, column: Column, weight: NDArray[np.float64]) -> Words:
    weights: dict[str | None, float] = {}
    for value, each in zip(column, weight.tolist(), strict=True):
        level = value if isinstance(value, str) else None
        weights[level] = weights.get(level, 0.0) + each
    missing = weights.pop(None, None) is not None
    enough = max(RARE_DOSSIERS, RARE_SHARE * float(weight.sum())) - 1e-9
    frequent = sorted(
        (level for level in weights if level is not None and weights[level] >= enough),
        key=lambda level: (-weights[level], level),
    )[:MOST_LEVELS]
    words = Words(at, tuple(sorted(frequent)), missing, other=len(weights) > len(frequent))
    return words if words.width > 1 else Words(at, (), missing=False, other=False)


@dataclass(frozen=True)
class _WordsPlan:
    """Where a category's levels stand in the matrix."""

    name: str
    feature: int
    column_of: dict[str, int]
    missing: int
    other: int
    """-1: no such column."""

    def fill(self, columns: Columns, matrix: NDArray[np.float32], missing: NDArray[np.bool_]) -> None:
        column_of, other, absent = self.column_of, self.other, self.missing
        values = columns[self.name].tolist()
        if len(values) == 1:  # as a request has it: arrays of one cost more than they spare
            missing[0, self.feature] = is_missing = not isinstance(values[0], str)
            place = absent if is_missing else column_of.get(values[0], other)
            if place >= 0:
                matrix[0, place] = 1.0
            return
        known = [isinstance(value, str) for value in values]
        missing[:, self.feature] = ~np.array(known, dtype=bool)
        at = np.array(
            [
                column_of.get(value, other) if is_known else absent
                for value, is_known in zip(values, known, strict=True)
            ],
            dtype=np.intp,
        )
        rows = np.flatnonzero(at >= 0)
        matrix[rows, at[rows]] = 1.0


@dataclass(frozen=True)
class _Plan:
    """The encoding arranged so that one row costs a few operations. Of the numbers: see `pointwise.encode_numbers`."""

    names: list[str]
    number: NDArray[np.uint32]
    median: NDArray[np.float64]
    column: NDArray[np.intp]
    indicator: NDArray[np.intp]
    words: list[_WordsPlan]
    feature_of: NDArray[np.uint32]

    @classmethod
    def of(cls, encoder: Encoder) -> _Plan:
        first = np.cumsum([0, *(code.width for code in encoder.codes)]).tolist()
        numbers = [code for code in encoder.codes if isinstance(code, Number)]
        return cls(
            names=[encoder.features[code.feature].name for code in numbers],
            number=np.array([code.feature for code in numbers], dtype=np.uint32),
            median=np.array([code.median for code in numbers], dtype=np.float64),
            column=_indices(first[code.feature] if code.varies else -1 for code in numbers),
            indicator=_indices(first[code.feature] + code.varies if code.indicator else -1 for code in numbers),
            words=[
                _words_plan(code, encoder.features[code.feature].name, first[code.feature])
                for code in encoder.codes
                if isinstance(code, Words)
            ],
            feature_of=encoder.column_feature.astype(np.uint32),
        )

    def fill_numbers(self, columns: Columns, matrix: NDArray[np.float32], missing: NDArray[np.bool_]) -> None:
        if self.names:
            values = np.array([columns[name] for name in self.names], dtype=np.float64)
            encode_numbers(values, self.number, self.median, self.column, self.indicator, LARGEST, matrix, missing)


def _words_plan(code: Words, name: str, first: int) -> _WordsPlan:
    after = first + len(code.levels)
    return _WordsPlan(
        name,
        code.feature,
        {level: first + place for place, level in enumerate(code.levels)},
        missing=after if code.missing else -1,
        other=after + code.missing if code.other else -1,
    )


def _indices(values: Any) -> NDArray[np.intp]:
    return np.array(list(values), dtype=np.intp)
