"""Contributions that this process has made before, by what they were made of. Pure.

A batch, a packed vector and an artefact never change, so nothing here goes stale; nor does it tell whose vector it was.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = tuple[int, bytes]
"""A batch, and a row of it as it is packed."""
KEPT = 20_000
"""So many rows: with 20 features, 8 MB."""


class Recollection:
    """The rows that were asked for last, up to so many."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept, self._parts, self._lock = kept, OrderedDict[Key, Floats](), threading.Lock()

    def of(self, keys: Sequence[Key]) -> list[Floats | None]:
        """Each row's contributions; None where they are not remembered."""
        with self._lock:
            found = [self._parts.get(key) for key in keys]
            for key, parts in zip(keys, found, strict=True):
                if parts is not None:
                    self._parts.move_to_end(key)
        return found

    def keep(self, made: Mapping[Key, Floats]) -> None:
        """Remembers these, and forgets those that were not asked for the longest."""
        with self._lock:
            self._parts.update(made)
            while len(self._parts) > self._kept:
                self._parts.popitem(last=False)
