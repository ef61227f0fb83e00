"""Refitting a calibration map on recent outcomes, with the present map as prior.

Where base rates keep moving, older outcomes say less: each then counts by how many leads came after it, with a
half-life. Which half-life is chosen on the newest leads, each part of them predicted from all that came before.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from common.arrays import Bools, Floats
from models_registry.learning.calibration import FLATTEST, STEEPEST, BetaCalibration, logs
from models_registry.learning.evaluation import calibration_error, log_losses

LEVEL_SPREAD, SHAPE_SPREAD, SKEW_SPREAD = 0.5, 0.3, 0.2
"""Standard deviations of the prior around the present map: of its level at the typical share (logits; base rates do
move), of a and b relative to their size, and of how a - b changes."""
FOLDS = 5
NEWEST = 1 / 3
"""This share of the leads, the most recent ones, is what a refit on the others is tried on."""
HALF_LIVES = (None, 800.0, 400.0, 200.0, 100.0)
"""After so many leads an outcome counts half; None: all count alike, which wastes nothing where nothing moves."""
STEPS = 5
"""In so many parts the newest leads are foretold, to choose among them."""


@dataclass(frozen=True)
class Outcomes:
    """n predictions whose outcome is known, oldest first, all (n,).

    `share` is the model's raw score as a share in [0, 1]; the rows of a dossier stand for one lead by their weights.
    """

    share: Floats
    converted: Bools
    weight: Floats
    dossier: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.share)

    @property
    def dossiers(self) -> int:
        """How many leads there are."""
        return len(np.unique(self.dossier))

    def take(self, rows: NDArray[Any]) -> Outcomes:
        """The rows where the mask is true."""
        return Outcomes(self.share[rows], self.converted[rows], self.weight[rows], self.dossier[rows])

    def fading(self, half_life: float | None) -> Outcomes:
        """The same, each counting by how many leads came after it."""
        if half_life is None:
            return self
        age = self.dossiers - 1 - rank_of_dossiers(self.dossier)
        return replace(self, weight=self.weight * 0.5 ** (age / half_life))


@dataclass(frozen=True)
class Figures:
    """How a map did on rows that it was not fitted on: log loss in nats, and calibration error as a probability."""

    log_loss: float
    calibration_error: float


@dataclass(frozen=True)
class Refit:
    """The new map, and what it would have done: cross-fitted over all leads, and on the newest ones.

    `half_life`: after so many leads an outcome counted half, in fitting and in the cross-fitted figures.
    """

    calibration: BetaCalibration
    half_life: float | None
    dossiers: int
    rows: int
    before: Figures
    after: Figures
    newest_before: Figures
    newest_after: Figures

    @property
    def better(self) -> bool:
        """Whether it lowers the log loss both cross-fitted and on the newest leads, learnt from the older ones."""
        return self.after.log_loss < self.before.log_loss and self.newest_after.log_loss < self.newest_before.log_loss

    @property
    def words(self) -> str:
        """In a sentence."""
        fading = f", which count half after {self.half_life:,.0f} more" if self.half_life else ""
        return (
            f"On {self.dossiers:,} leads with a known outcome{fading}, "
            f"log loss goes from {self.before.log_loss:.4f} to "
            f"{self.after.log_loss:.4f} and the calibration error from {self.before.calibration_error:.3f} to "
            f"{self.after.calibration_error:.3f} (cross-validated); on the newest third, log loss from "
            f"{self.newest_before.log_loss:.4f} to {self.newest_after.log_loss:.4f}."
        )

    def to_json(self) -> dict[str, Any]:
        """The evidence, as plain data."""
        return asdict(self) | {"better": self.better}


def refit(present: BetaCalibration, outcomes: Outcomes) -> Refit:
    """The map that the outcomes make of the present one, and its figures.

    Raises ValueError where fewer leads than folds are there to be tried on.
    """
    if outcomes.dossiers < FOLDS:
        raise ValueError(f"{outcomes.dossiers} leads with a known outcome are too few to refit on")
    rank, half_life = rank_of_dossiers(outcomes.dossier), best_half_life(present, outcomes)
    fading = outcomes.fading(half_life)
    crossed = np.empty(len(outcomes))
    for fold in range(FOLDS):
        held = rank % FOLDS == fold
        crossed[held] = fitted(present, fading.take(~held))(outcomes.share[held])
    newest = rank >= (1 - NEWEST) * outcomes.dossiers
    recent, older = outcomes.take(newest), outcomes.take(~newest).fading(half_life)
    return Refit(
        calibration=fitted(present, fading),
        half_life=half_life,
        dossiers=outcomes.dossiers,
        rows=len(outcomes),
        before=_figures(present(outcomes.share), fading),
        after=_figures(crossed, fading),
        newest_before=_figures(present(recent.share), recent),
        newest_after=_figures(fitted(present, older)(recent.share), recent),
    )


def best_half_life(present: BetaCalibration, outcomes: Outcomes) -> float | None:
    """The half-life with the least log loss on the newest leads, each part of them foretold from all before it."""
    rank = rank_of_dossiers(outcomes.dossier)
    edges = np.linspace((1 - NEWEST) * outcomes.dossiers, outcomes.dossiers, STEPS + 1).round()
    parts = [
        (outcomes.take(rank < start), outcomes.take((rank >= start) & (rank < end)))
        for start, end in itertools.pairwise(edges)
        if start < end
    ]

    def loss(half_life: float | None) -> float:
        return sum(
            float(after.weight @ log_losses(fitted(present, before.fading(half_life))(after.share), after.converted))
            for before, after in parts
        )

    return min(HALF_LIVES, key=loss)


def fitted(present: BetaCalibration, outcomes: Outcomes) -> BetaCalibration:
    """The map by maximum a posteriori, with a prior around the present one: a few outcomes move it little.

    Its level is that at the outcomes' mean share, so that a base rate that has moved changes the level alone, and not
    the slopes.
    """
    log_s, log_rest = logs(outcomes.share, present.clip)
    middle = np.array([np.average(log_s, weights=outcomes.weight), np.average(log_rest, weights=outcomes.weight)])
    x = np.column_stack([log_s - middle[0], middle[1] - log_rest, np.ones(len(outcomes))])
    start = np.array([present.a, present.b, present.a * middle[0] - present.b * middle[1] + present.c])
    spread = np.array([SHAPE_SPREAD * present.a, SHAPE_SPREAD * present.b, LEVEL_SPREAD])
    sign = np.where(outcomes.converted, 1.0, -1.0)

    def loss(theta: Floats) -> tuple[float, Floats]:
        margin, away = sign * (x @ theta), (theta - start) / spread
        skew = (theta[0] - theta[1] - start[0] + start[1]) / SKEW_SPREAD
        value = float(outcomes.weight @ np.logaddexp(0.0, -margin) + (away @ away + skew**2) / 2)
        gradient = -(outcomes.weight * sign * expit(-margin)) @ x + away / spread
        return value, gradient + np.array([skew, -skew, 0.0]) / SKEW_SPREAD

    bounds = [(FLATTEST, STEEPEST), (FLATTEST, STEEPEST), (-20.0, 20.0)]
    start_inside = np.clip(start, [low for low, _ in bounds], [high for _, high in bounds])
    best = minimize(loss, start_inside, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    a, b, level = (float(each) for each in best.x)
    return BetaCalibration(a, b, level - a * float(middle[0]) + b * float(middle[1]), present.clip)


def rank_of_dossiers(dossier: NDArray[np.int64]) -> NDArray[np.intp]:
    """Each row's dossier as a place in the order of their last rows, (n,)."""
    dossiers, from_the_end, place = np.unique(dossier[::-1], return_index=True, return_inverse=True)
    rank = np.empty(len(dossiers), dtype=np.intp)
    rank[np.argsort(-from_the_end, kind="stable")] = np.arange(len(dossiers))
    return rank[place][::-1]


def _figures(probability: Floats, outcomes: Outcomes) -> Figures:
    losses = log_losses(probability, outcomes.converted)
    return Figures(
        float(np.average(losses, weights=outcomes.weight)),
        calibration_error(probability, outcomes.converted, outcomes.weight),
    )
