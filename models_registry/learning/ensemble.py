"""Logistic regression, random forest and boosting, voting: they err in other ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.arrays import Floats
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.stacking import voices
from models_registry.learning.task import Algorithm, Fitted, Progress, Task
from models_registry.learning.vote import Member, Vote


class Ensemble:
    """A soft vote of calibrated log-odds, each voice weighing what it has shown out of sample."""

    name = "ensemble"
    title = "Ensemble"

    def __init__(self, members: Sequence[Algorithm]) -> None:
        self.members = tuple(members)

    def unavailable(self) -> str | None:
        """Its members always can be used."""
        return next((why for member in self.members if (why := member.unavailable())), None)

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Fits the members one after another, each calibrated out of sample, and weighs them."""
        fitted = [member.fit(task, _part_of(report, at, len(self.members))) for at, member in enumerate(self.members)]
        maps = [BetaCalibration.fit(each.out_of_sample, task.converted, task.weight) for each in fitted]
        margins = np.column_stack([_log_odds(c, each.out_of_sample) for each, c in zip(fitted, maps, strict=True)])
        weights = [float(each) for each in voices(margins, task.converted, task.weight)]
        vote = Vote(tuple(Member(each.raw, c, weight) for each, c, weight in zip(fitted, maps, weights, strict=True)))
        parameters = {
            member.name: {**each.parameters, "weight": weight}
            for member, each, weight in zip(self.members, fitted, weights, strict=True)
        }
        explanation = {"explanation": {"method": "exact"}}
        return Fitted(vote, vote.share(margins @ np.array(weights)), {"members": parameters} | explanation)


def _log_odds(calibration: BetaCalibration, share: Floats) -> Floats:
    probability = calibration(share)
    return np.asarray(np.log(probability) - np.log1p(-probability))


def _part_of(report: Progress, at: int, parts: int) -> Progress:
    def told(done: float, words: str) -> None:
        report((at + done) / parts, words)

    return told
