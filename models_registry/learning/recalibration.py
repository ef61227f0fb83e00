"""Refitting a calibration map on recent outcomes, the present map being what holds until they say otherwise."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from models_registry.learning.calibration import FLATTEST, STEEPEST, BetaCalibration, logs
from models_registry.learning.evaluation import calibration_error, log_losses

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEVEL_SPREAD, SHAPE_SPREAD, SKEW_SPREAD = 0.5, 0.3, 0.2
"""Standard deviations of the prior around the present map: of its level at the typical share (logits; base rates do
move), of a and b relative to their size, and of how a - b changes."""
FOLDS = 5
NEWEST = 1 / 3
"""This share of the leads, the most recent ones, is what a refit on the others is tried on."""


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


@dataclass(frozen=True)
class Figures:
    """How a map did on rows that it was not fitted on: in nats, and as a probability."""

    log_loss: float
    calibration_error: float


@dataclass(frozen=True)
class Refit:
    """The new map, and what it would have done: cross-fitted over all leads, and on the newest ones."""

    calibration: BetaCalibration
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
        return (
            f"On {self.dossiers:,} leads with a known outcome, log loss goes from {self.before.log_loss:.4f} to "
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
    rank = _rank_of_dossiers(outcomes.dossier)
    crossed = np.empty(len(outcomes))
    for fold in range(FOLDS):
        held = rank % FOLDS == fold
        crossed[held] = fitted(present, outcomes.take(~held))(outcomes.share[held])
    newest = rank >= (1 - NEWEST) * outcomes.dossiers
    recent = outcomes.take(newest)
    return Refit(
        calibration=fitted(present, outcomes),
        dossiers=outcomes.dossiers,
        rows=len(outcomes),
        before=_figures(present(outcomes.share), outcomes),
        after=_figures(crossed, outcomes),
        newest_before=_figures(present(recent.share), recent),
        newest_after=_figures(fitted(present, outcomes.take(~newest))(recent.share), recent),
    )


def fitted(present: BetaCalibration, outcomes: Outcomes) -> BetaCalibration:
    """The most plausible map, with a prior around the present one: a few outcomes move it little.

    The level is that at the outcomes' mean share, so that a moved base rate moves it alone and leaves the slopes.
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


def _rank_of_dossiers(dossier: NDArray[np.int64]) -> NDArray[np.intp]:
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
