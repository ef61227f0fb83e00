"""A feature vector in a few bytes: eight a feature, whose names, kinds and words stand once for many rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leads.features import Columns, Feature
from predictions.vectors import values_of

NOT_HERE = -1.0


def packed(features: Sequence[Feature], columns: Columns) -> tuple[NDArray[np.void], list[str]]:
    """The rows of the features' columns as bytes, (n,), and the words that a category's number stands for."""
    words: dict[str, int] = {}
    block = np.empty((len(columns[features[0].name]), len(features)), dtype="<f8")
    for at, feature in enumerate(features):
        column = columns[feature.name]
        block[:, at] = _numbered(column, words) if feature.is_category else column
    return np.ascontiguousarray(block).view(f"V{8 * len(features)}")[:, 0], list(words)


def _numbered(column: NDArray[Any], words: dict[str, int]) -> NDArray[np.float64]:
    values = column.tolist()
    for word in set(values):
        if word is not None:
            words.setdefault(word, len(words))
    return np.array([NOT_HERE if word is None else words[word] for word in values], dtype=float)


def unpacked(features: Sequence[Feature], words: Sequence[str], data: bytes) -> Columns:
    """One packed row as the features' columns of one row."""
    block = np.frombuffer(data, dtype="<f8")
    return {
        feature.name: np.array([None if number == NOT_HERE else words[int(number)]], dtype=object)
        if feature.is_category
        else np.array([number])
        for feature, number in zip(features, block, strict=True)
    }


def words_of(features: Sequence[Feature], rows: Sequence[bytes]) -> set[int]:
    """The numbers of the words that these packed rows hold."""
    block = np.frombuffer(b"".join(rows), dtype="<f8").reshape(len(rows), len(features))
    categories = [at for at, feature in enumerate(features) if feature.is_category]
    return {int(number) for number in np.unique(block[:, categories]) if number != NOT_HERE}


def vector_of(features: Sequence[Feature], columns: Columns, parts: Sequence[float]) -> list[list[Any]]:
    """[feature, value, contribution] for every feature of a row's columns, largest contribution first."""
    values = [values_of(feature, columns[feature.name])[0] for feature in features]
    order = sorted(range(len(features)), key=lambda at: -abs(parts[at]))
    return [[features[at].name, values[at], parts[at]] for at in order]
