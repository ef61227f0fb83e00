"""What every algorithm's fitted form can do: give raw scores in little bags, and share each score out among columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Bags:
    """Raw scores of n rows by g bags of learners, each bag grown on another sample of the dossiers.

    `mean` (n, g) is each bag's mean; `within` (n,) the variance among the learners of a bag, averaged over the bags,
    and divided by their number: what of the variance between bags is owed to growing few learners a bag.
    """

    mean: Floats
    within: Floats

    @property
    def raw(self) -> Floats:
        """The raw score of each row, (n,)."""
        return np.asarray(self.mean.mean(axis=1))


class RawScorer(Protocol):
    """A fitted learner before calibration. Immutable; made of plain arrays."""

    @property
    def kind(self) -> str:
        """Under which name an artefact keeps it."""

    @property
    def columns(self) -> int:
        """The width of the matrices it takes."""

    @property
    def base(self) -> float:
        """The expected raw score: what the contributions start from."""

    def bags(self, x: Matrix) -> Bags:
        """Raw scores of the rows of x (n, columns)."""

    def contributions(self, x: Matrix) -> Floats:
        """Exact Shapley values (n, columns): each row sums to its raw score less `base`."""

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What an artefact keeps of it."""
