"""Bags of linear models in log-odds, as plain arrays: what logistic regression becomes once it is fitted."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix
from models_registry.learning.designs import DTYPES, BadDesign, Design
from models_registry.learning.raw import Bags, Link

LARGEST_WEIGHT = 1e6
MOST_BAGS = 1_000


class BadWeights(ValueError):
    """The arrays are not weights."""


@dataclass(frozen=True, eq=False)
class LinearBags:
    """g weighted sums of the same k terms, in log-odds; the raw score is their mean.

    `intercept` is (g,), `coefficient` (g * k,), bag by bag. Raises BadWeights where these do not fit the design.
    """

    kind: ClassVar[str] = "linear"

    design: Design
    intercept: Floats
    coefficient: Floats

    def __post_init__(self) -> None:
        for name in ("intercept", "coefficient"):
            object.__setattr__(self, name, sound_weights(getattr(self, name)))
        g = self.intercept.size
        if not 0 < g <= MOST_BAGS or self.coefficient.shape != (g * len(self.design),):
            raise BadWeights("the weights do not fit the design")

    @classmethod
    def from_arrays(cls, columns: int, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `arrays`. Raises KeyError, BadDesign or BadWeights."""
        design, rest = design_of(columns, arrays)
        if set(rest) != {"intercept", "coefficient"}:
            raise BadWeights("not the arrays of weighted sums")
        return cls(design, **rest)

    @property
    def columns(self) -> int:
        """The width of the matrices it takes."""
        return self.design.columns

    @property
    def link(self) -> Link:
        """Log-odds."""
        return Link.LOGIT

    @functools.cached_property
    def base(self) -> float:
        """The raw score where every term has its mean, which is the mean raw score of the training rows."""
        return float(self.intercept.mean())

    @functools.cached_property
    def _by_bag(self) -> Floats:
        return self.coefficient.reshape(len(self.intercept), -1)

    def around(self, intercept: float, coefficient: Floats) -> Self:
        """The same spread between bags around another mean model: k weights and an intercept."""
        apart = self._by_bag - self._by_bag.mean(axis=0)
        return replace(
            self,
            intercept=self.intercept - self.intercept.mean() + intercept,
            coefficient=(apart + coefficient).ravel(),
        )

    def share(self, raw: Floats) -> Floats:
        """Raw scores as shares in [0, 1]."""
        return self.link.share(raw)

    def bags(self, x: Matrix) -> Bags:
        """Each bag's weighted sum."""
        # Not a matrix product: its last bits depend on how many rows there are.
        terms = self.design.terms(x)
        return Bags(self.intercept + np.einsum("nk,gk->ng", terms, self._by_bag), None, self.link)

    def contributions(self, x: Matrix) -> Floats:
        """Exact Shapley values (n, columns): a column's terms by their mean weights."""
        return self.design.by_column(self.design.terms(x) * self._by_bag.mean(axis=0))

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The design's arrays and the weights."""
        return {**self.design.arrays(), "intercept": self.intercept, "coefficient": self.coefficient}

    def plain(self) -> Mapping[str, Any]:
        """Nothing beside the arrays."""
        return {}


def sound_weights(weights: NDArray[Any]) -> Floats:
    """An own, read-only copy. Raises BadWeights where one is not a number, or larger than any learnt one."""
    array = np.array(weights, dtype=np.float64, order="C")
    if array.ndim != 1 or not np.all(np.abs(array) <= LARGEST_WEIGHT):
        raise BadWeights("a weight is not a number of sound size")
    array.setflags(write=False)
    return array


def design_of(columns: int, arrays: Mapping[str, NDArray[Any]]) -> tuple[Design, dict[str, NDArray[Any]]]:
    """The design that these arrays hold, and the arrays that are not its own. Raises KeyError or BadDesign."""
    own = {name: arrays[name] for name in DTYPES}
    rest = {name: array for name, array in arrays.items() if name not in DTYPES}
    typed = all(own[name].dtype == np.dtype(dtype) for name, dtype in DTYPES.items())
    if not typed or any(array.dtype != np.float64 for array in rest.values()):
        raise BadDesign("an array is of another type")
    return Design(columns, **own), rest
