"""Small neural networks in little bags, as plain arrays; their reasons are sampled, with the error stated."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix
from models_registry.learning.designs import Design
from models_registry.learning.linear import MOST_BAGS, BadWeights, design_of, sound_weights
from models_registry.learning.raw import Bags, Link

ORDERS = 16
"""Orders of the columns that a row's reasons are averaged over: so many halves and their reverses."""
SEED = 20_240_101
ROWS_AT_ONCE = 256
LAYERS = ("hidden", "hidden_bias", "output", "output_bias")


@dataclass(frozen=True, eq=False)
class NetworkBags:
    """g networks with one layer of h rectified units over the same k terms, in log-odds; the raw score is their mean.

    `hidden` is (g * k * h,), `hidden_bias` and `output` (g * h,), `output_bias` (g,), bag by bag. Raises BadWeights
    where these do not fit the design.
    """

    kind: ClassVar[str] = "network"

    design: Design
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats

    def __post_init__(self) -> None:
        for name in LAYERS:
            object.__setattr__(self, name, sound_weights(getattr(self, name)))
        g, k, units = len(self.output_bias), len(self.design), len(self.output)
        fits = 0 < g <= MOST_BAGS and units > 0 and units % g == 0
        if not fits or len(self.hidden_bias) != units or len(self.hidden) != k * units:
            raise BadWeights("the weights do not fit the design")

    @classmethod
    def from_arrays(cls, columns: int, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `arrays`. Raises KeyError, BadDesign or BadWeights."""
        design, rest = design_of(columns, arrays)
        if set(rest) != set(LAYERS):
            raise BadWeights("not the arrays of networks")
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
        """The raw score of the mean lead: where every term has its mean."""
        return float(self._scores(self.hidden_bias[None, :]).mean())

    @functools.cached_property
    def _weights(self) -> Floats:
        """The hidden layers side by side, (k, g * h)."""
        g, k = len(self.output_bias), len(self.design)
        return np.ascontiguousarray(self.hidden.reshape(g, k, -1).transpose(1, 0, 2).reshape(k, -1))

    def share(self, raw: Floats) -> Floats:
        """Raw scores as shares in [0, 1]."""
        return self.link.share(raw)

    def bags(self, x: Matrix) -> Bags:
        """Each bag's score."""
        terms, bags = self.design.terms(x), np.empty((len(x), len(self.output_bias)))
        for rows in _blocks(len(x)):
            bags[rows] = self._scores(self.hidden_bias + _product(terms[rows], self._weights))
        return Bags(bags, None, self.link)

    def contributions(self, x: Matrix) -> Floats:
        """Shapley values against the mean lead, (n, columns), over the same few orders of the columns for every row.

        Each order, and so their mean, adds up exactly: column after column goes from the mean to the row's own value.
        """
        parts = np.zeros((len(x), self.columns))
        for order in self._orders:
            parts += self._along(x, order)
        return self._closed(parts / len(self._orders), x)

    def standard_error(self, x: Matrix) -> float:
        """The mean standard error of the contributions of these rows, in log-odds: what sampling orders leaves open."""
        pairs = [self._along(x, order) + self._along(x, order[::-1]) for order in self._orders[::2]]
        return float(np.mean(np.std(np.array(pairs) / 2, axis=0, ddof=1)) / np.sqrt(len(pairs)))

    @functools.cached_property
    def _orders(self) -> list[NDArray[np.intp]]:
        rng, columns = np.random.default_rng(SEED), np.unique(self.design.column).astype(np.intp)
        halves = [rng.permutation(columns) for _ in range(ORDERS // 2)]
        return [order for half in halves for order in (half, half[::-1])]

    def _along(self, x: Matrix, order: NDArray[np.intp]) -> Floats:
        """What each column adds where they become known in this order, (n, columns)."""
        terms, added = self.design.terms(x), np.zeros((len(x), self.columns))
        for rows in _blocks(len(x)):
            sums = np.tile(self.hidden_bias, (len(terms[rows]), 1))
            before = np.full(len(sums), self.base)
            for column in order:
                for term in np.flatnonzero(self.design.column == column):
                    sums += terms[rows, term, None] * self._weights[term]
                now = self._scores(sums).mean(axis=1)
                added[rows, column] = now - before
                before = now
        return added

    def _closed(self, parts: Floats, x: Matrix) -> Floats:
        """The parts with the last bits of their sums, lost on the way, given back to the largest."""
        missing = self.bags(x).raw - self.base - parts.sum(axis=1)
        parts[np.arange(len(parts)), np.argmax(np.abs(parts), axis=1)] += missing
        return parts

    def _scores(self, sums: Floats) -> Floats:
        """Each bag's score, (n, g), of the hidden units' sums, (n, g * h)."""
        units = np.maximum(sums, 0.0) * self.output
        return np.asarray(units.reshape(len(sums), len(self.output_bias), -1).sum(axis=2) + self.output_bias)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The design's arrays and the weights."""
        return {**self.design.arrays(), **{name: getattr(self, name) for name in LAYERS}}

    def plain(self) -> Mapping[str, Any]:
        """Nothing beside the arrays."""
        return {}


def _blocks(n: int) -> list[slice]:
    return [slice(start, start + ROWS_AT_ONCE) for start in range(0, n, ROWS_AT_ONCE)]


def _product(terms: Floats, weights: Floats) -> Floats:
    """terms @ weights, the same to the last bit whatever the number of rows."""
    return np.asarray(np.einsum("nk,km->nm", terms, weights))
