"""Feature vectors as bytes: eight a feature. Names, kinds and words are stored once for many rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leads.features import Column, Columns, Feature

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


def unpacked(features: Sequence[Feature], words: Sequence[Sequence[str]], rows: Sequence[bytes]) -> Columns:
    """n packed rows as the features' columns, (n,) each; `words` are those of each row's batch."""
    block = np.frombuffer(b"".join(rows), dtype="<f8").reshape(len(rows), len(features))
    return {
        feature.name: _words(block[:, at].tolist(), words) if feature.is_category else block[:, at]
        for at, feature in enumerate(features)
    }


def _words(numbers: Sequence[float], words: Sequence[Sequence[str]]) -> Column:
    values = [None if at == NOT_HERE else mine[int(at)] for at, mine in zip(numbers, words, strict=True)]
    return np.array(values, dtype=object)


def words_of(features: Sequence[Feature], rows: Sequence[bytes]) -> set[int]:
    """The numbers of the words that these packed rows hold."""
    block = np.frombuffer(b"".join(rows), dtype="<f8").reshape(len(rows), len(features))
    categories = [at for at, feature in enumerate(features) if feature.is_category]
    return {int(number) for number in np.unique(block[:, categories]) if number != NOT_HERE}
