"""What an algorithm is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats, Matrix
from models_registry.learning.raw import RawScorer

Progress = Callable[[float, str], None]
"""Told the share done, 0 to 1, and words."""

BAGS = 10


@dataclass(frozen=True)
class Task:
    """What to learn: n encoded rows, what became of them, whose they are, and when those came."""

    x: Matrix
    converted: Bools
    weight: Floats
    dossier: NDArray[np.int64]
    seed: int
    n_jobs: int = 2
    created_at: NDArray[np.datetime64] | None = None
    """When each row's dossier was created, (n,); None: dossiers came in the order of their numbers."""
    bags: int = BAGS
    feature: NDArray[np.intp] | None = None
    """The feature of each column, (columns,); None: each column is a feature."""
    shares: Bools | None = None
    """Which columns are shares, from 0 to 1, (columns,), that weighted sums read by their log-odds; None: none is."""

    def take(self, rows: NDArray[Any]) -> Self:
        """The task of these rows alone, by a mask or positions."""
        created_at = None if self.created_at is None else self.created_at[rows]
        return replace(
            self,
            x=self.x[rows],
            converted=self.converted[rows],
            weight=self.weight[rows],
            dossier=self.dossier[rows],
            created_at=created_at,
        )


@dataclass(frozen=True)
class Fitted:
    """What was learnt, and each row's share in [0, 1] by learners that had not seen its dossier, (n,)."""

    raw: RawScorer
    out_of_sample: Floats
    parameters: dict[str, Any] = field(default_factory=dict)
    algorithm: str | None = None
    """What `auto` has chosen; None: the algorithm itself."""


class Algorithm(Protocol):
    """A way of learning. Deterministic by the task's seed, whatever its `n_jobs`."""

    name: str
    title: str

    def unavailable(self) -> str | None:
        """Why it cannot be used on this machine, and what to install; None: it can."""

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Learns from the task's rows."""


def seed_of(seed: int, part: int) -> int:
    """A seed for one part of the work."""
    return int(np.random.SeedSequence([seed, part]).generate_state(1)[0] >> 1)


def silent(_done: float, _words: str) -> None:
    """Progress that nobody follows: does nothing."""
