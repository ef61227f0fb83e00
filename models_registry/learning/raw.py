"""What every algorithm's fitted form can do: give raw scores in little bags, and share each score out among columns."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from common.arrays import Floats, Matrix


class Link(StrEnum):
    """The scale of a learner's raw scores: shares in [0, 1], or log-odds."""

    IDENTITY = "identity"
    LOGIT = "logit"

    def share(self, raw: Floats) -> Floats:
        """Raw scores as shares in [0, 1]: what calibration maps are fitted on."""
        return raw if self is Link.IDENTITY else np.asarray(expit(raw))

    def slope(self, raw: Floats) -> Floats:
        """The derivative of `share` at each raw score."""
        share = self.share(raw)
        return np.ones_like(raw) if self is Link.IDENTITY else share * (1.0 - share)

    def usual(self, raw: Floats) -> Floats:
        """The variance that such a raw score usually has, up to a factor: r (1 - r) of shares, even in log-odds."""
        return np.asarray(raw * (1.0 - raw)) if self is Link.IDENTITY else np.ones_like(raw)


@dataclass(frozen=True)
class Bags:
    """Raw scores of n rows by g bags of learners, each bag grown on another sample of the dossiers.

    `mean` (n, g) is each bag's mean; `within` (n,) the variance among the learners of a bag, averaged over the bags,
    and divided by their number: what of the variance between bags is owed to growing few learners a bag. None where
    a bag is a single learner.
    """

    mean: Floats
    within: Floats | None
    link: Link = Link.IDENTITY

    @functools.cached_property
    def raw(self) -> Floats:
        """The raw score of each row, (n,)."""
        return np.asarray(np.add.reduce(self.mean, axis=1) / self.mean.shape[1])

    @property
    def share(self) -> Floats:
        """The raw score of each row as a share in [0, 1], (n,)."""
        return self.link.share(self.raw)


class RawScorer(Protocol):
    """A fitted learner before calibration. Immutable; made of plain arrays."""

    @property
    def kind(self) -> str:
        """Under which name an artefact keeps it."""

    @property
    def columns(self) -> int:
        """The width of the matrices it takes."""

    @property
    def link(self) -> Link:
        """The scale of its raw scores."""

    @property
    def base(self) -> float:
        """The expected raw score, from which the contributions start."""

    def share(self, raw: Floats) -> Floats:
        """Raw scores as shares in [0, 1]."""

    def bags(self, x: Matrix) -> Bags:
        """Raw scores of the rows of x (n, columns)."""

    def contributions(self, x: Matrix) -> Floats:
        """Shapley values in raw units (n, columns): each row sums to its raw score less `base`."""

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that an artefact keeps of it."""

    def plain(self) -> Mapping[str, Any]:
        """What an artefact's manifest keeps of it beside its kind and width, as plain data."""
