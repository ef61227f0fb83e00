"""A cache of what a process has read or computed and what can never change. Pure."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recollection(Generic[Key, Value]):
    """A thread-safe LRU cache of bounded size, which is asked for many keys at once."""

    def __init__(self, kept: int) -> None:
        self._kept, self._known, self._lock = kept, OrderedDict[Key, Value](), threading.Lock()

    def of(self, keys: Collection[Key]) -> dict[Key, Value]:
        """Those of the keys that are cached, with their values."""
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        return found

    def keep(self, new: Mapping[Key, Value]) -> None:
        """Caches these; drops those that were not asked for the longest."""
        with self._lock:
            self._known.update(new)
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
