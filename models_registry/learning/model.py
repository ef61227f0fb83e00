"""A learned model: immutable, made of plain numbers, scoring many rows as it scores one."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.features import Column, Columns, Feature
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.encoding import Encoder
from models_registry.learning.interval import Spread
from models_registry.learning.raw import RawScorer
from models_registry.learning.scores import Scores

GOLDEN_TOLERANCE = 1e-9
MEETING = 1e-7
"""Raw scores nearer than this to the base take the slope of the calibration: the quotient loses its digits there."""


@dataclass(frozen=True)
class Golden:
    """A few rows and what the model said of them when it was made."""

    columns: Columns
    probability: Floats
    contributions: Floats

    def to_json(self) -> dict[str, Any]:
        """The rows as plain data; floats in full."""
        return {
            "columns": {name: _plain(column) for name, column in self.columns.items()},
            "probability": self.probability.tolist(),
            "contributions": self.contributions.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], features: tuple[Feature, ...]) -> Self:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError."""
        probability = np.array(data["probability"], dtype=np.float64)
        contributions = np.array(data["contributions"], dtype=np.float64).reshape(-1, len(features))
        columns = {feature.name: _column(feature, data["columns"][feature.name]) for feature in features}
        if any(len(column) != len(probability) for column in (*columns.values(), contributions)):
            raise ValueError("the golden rows differ in number")
        return cls(columns, probability, contributions)


@dataclass(frozen=True, eq=False)
class Model:
    """Encoder, raw scorer and calibration, as one: the `Scorer` of a version."""

    algorithm: str
    encoder: Encoder
    raw: RawScorer
    calibration: BetaCalibration
    spread: Spread
    golden: Golden | None = None

    @property
    def features(self) -> tuple[Feature, ...]:
        """What it reads, in the order of the contributions."""
        return self.encoder.features

    @functools.cached_property
    def base(self) -> float:
        """The calibrated probability of the expected raw score: what the contributions start from."""
        return float(self._calibrated(np.array([self.raw.base]))[0])

    def score(self, columns: Columns, *, contributions: bool = True) -> Scores:
        """Scores the n rows of the features' columns; others are ignored. Raises KeyError where one is not there."""
        encoded = self.encoder.encode(columns)
        bags = self.raw.bags(encoded.matrix)
        probability, low, high = self._calibrated(self.spread.bounds(bags))
        parts = self._contributions(encoded.matrix, bags.raw, probability) if contributions else self._none()
        low, high = np.minimum(low, probability), np.maximum(high, probability)
        return Scores(probability, low, high, self.base, parts, encoded.missing, encoded.matrix)

    def probability(self, matrix: NDArray[np.float32]) -> Floats:
        """The probabilities of n encoded rows, (n,)."""
        return self._calibrated(self.raw.bags(matrix).raw)

    def shares(self, columns: Columns) -> Floats:
        """The n rows' raw scores as shares in [0, 1]: what a calibration map is fitted on. Raises KeyError."""
        return self.raw.bags(self.encoder.transform(columns)).share

    def recalibrated(self, calibration: BetaCalibration) -> Self:
        """The same model under another calibration map; its golden rows stay the artefact's own."""
        return replace(self, calibration=calibration)

    def _calibrated(self, raw: Floats) -> Floats:
        return self.calibration(self.raw.share(raw))

    def _contributions(self, matrix: NDArray[np.float32], raw: Floats, probability: Floats) -> Floats:
        away = raw - self.raw.base
        near = np.abs(away) < MEETING
        stretch = (probability - self.base) / np.where(near, 1.0, away)
        if near.any():
            stretch[near] = (self.calibration.slope(self.raw.share(raw)) * self.raw.link.slope(raw))[near]
        return self.encoder.sum_by_feature(self.raw.contributions(matrix), stretch)

    def _none(self) -> Floats:
        return np.empty((0, len(self.features)))

    def misses_its_golden_rows(self) -> bool:
        """Whether it does not, here and now, score its golden rows as it did when it was made, to 1e-9."""
        if self.golden is None:
            return False
        now = self.score(self.golden.columns)
        return not (
            np.allclose(now.probability, self.golden.probability, rtol=0.0, atol=GOLDEN_TOLERANCE)
            and np.allclose(now.contributions, self.golden.contributions, rtol=0.0, atol=GOLDEN_TOLERANCE)
        )

    def remember(self, columns: Columns) -> Golden:
        """The golden rows that these columns make."""
        scores = self.score(columns)
        mine = {feature.name: columns[feature.name] for feature in self.features}
        return Golden(mine, scores.probability, scores.contributions)


def _plain(column: Column) -> list[Any]:
    if column.dtype == object:
        return [value if isinstance(value, str) else None for value in column.tolist()]
    return [None if np.isnan(value) else float(value) for value in column.tolist()]


def _column(feature: Feature, values: list[Any]) -> Column:
    return np.array(values, dtype=object if feature.is_category else np.float64)
