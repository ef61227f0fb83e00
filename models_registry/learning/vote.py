"""A soft vote of several learners: the weighted mean of their calibrated log-odds."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from common.arrays import Floats, Matrix
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.raw import Bags, Link, RawScorer

MOST_MEMBERS = 5
MEETING = 1e-7


class BadVote(ValueError):
    """The members do not make a vote."""


@dataclass(frozen=True, eq=False)
class Member:
    """A learner, the map that calibrates its raw score, and its weight in the vote."""

    raw: RawScorer
    calibration: BetaCalibration
    weight: float

    def log_odds(self, raw: Floats) -> Floats:
        """Raw scores as calibrated log-odds."""
        return np.asarray(logit(self.calibration(self.raw.share(raw))))

    def slope(self, raw: Floats) -> Floats:
        """The derivative of `log_odds` at each raw score."""
        share = self.raw.share(raw)
        probability = self.calibration(share)
        by_share = self.calibration.slope(share) / (probability * (1.0 - probability))
        return np.asarray(by_share * self.raw.link.slope(raw))

    def stretch(self, raw: Floats) -> Floats:
        """What a unit of the raw score is worth in log-odds, between the base and each raw score."""
        away = raw - self.raw.base
        near = np.abs(away) < MEETING
        from_base = self.log_odds(raw) - self.log_odds(np.array([self.raw.base]))
        return np.where(near, self.slope(raw), from_base / np.where(near, 1.0, away))


@dataclass(frozen=True, eq=False)
class Vote:
    """Members over the same columns; the raw score is the weighted mean of their calibrated log-odds.

    Raises BadVote where weights do not add up to 1, or members differ in columns or bags.
    """

    kind: ClassVar[str] = "vote"

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        weights = [member.weight for member in self.members]
        if not 0 < len(weights) <= MOST_MEMBERS or not all(0.0 <= each <= 1.0 for each in weights):
            raise BadVote("no voices, too many, or one that weighs less than nothing")
        if abs(sum(weights) - 1.0) > 1e-9 or len({member.raw.columns for member in self.members}) > 1:
            raise BadVote("the voices do not add up, or read other columns")
        if len({self._width(member) for member in self.members}) > 1:
            raise BadVote("the members have other numbers of bags")

    @staticmethod
    def _width(member: Member) -> int:
        return int(member.raw.bags(np.zeros((1, member.raw.columns), dtype=np.float32)).mean.shape[1])

    @property
    def columns(self) -> int:
        """The width of the matrices it takes."""
        return self.members[0].raw.columns

    @property
    def link(self) -> Link:
        """Log-odds."""
        return Link.LOGIT

    @functools.cached_property
    def base(self) -> float:
        """The weighted mean of the members' bases, in calibrated log-odds."""
        return float(sum(each.weight * each.log_odds(np.array([each.raw.base]))[0] for each in self.members))

    def share(self, raw: Floats) -> Floats:
        """Raw scores as shares in [0, 1]."""
        return self.link.share(raw)

    def bags(self, x: Matrix) -> Bags:
        """Each bag's score, its distance from the mean taken along the map's tangent: the mean is the members' own."""
        mean = np.zeros((len(x), 1))
        for member in self.members:
            bags = member.raw.bags(x)
            away = (bags.mean - bags.raw[:, None]) * member.slope(bags.raw)[:, None]
            mean = mean + member.weight * (member.log_odds(bags.raw)[:, None] + away)
        return Bags(mean, None, self.link)

    def contributions(self, x: Matrix) -> Floats:
        """The members' contributions, stretched to calibrated log-odds and weighed."""
        parts = np.zeros((len(x), self.columns))
        for member in self.members:
            stretch = member.weight * member.stretch(member.raw.bags(x).raw)
            parts += member.raw.contributions(x) * stretch[:, None]
        return parts

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Each member's arrays under its place."""
        named = ((at, *pair) for at, member in enumerate(self.members) for pair in member.raw.arrays().items())
        return {f"{at}.{name}": array for at, name, array in named}

    def plain(self) -> Mapping[str, Any]:
        """The members' kinds, maps and weights."""
        return {
            "members": [
                {
                    "kind": member.raw.kind,
                    **member.raw.plain(),
                    "calibration": member.calibration.to_json(),
                    "weight": member.weight,
                }
                for member in self.members
            ]
        }
