"""`auto`: compares all algorithms on windows of time within the training part, and takes the simplest of the best."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from common.arrays import Floats
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.task import Algorithm, Fitted, Progress, Task, silent
from models_registry.learning.windows import expanding, losses, sampled

WINDOWS = 4
BAGS = 4
"""Of two bags each row has one score out of sample, which weighs voices badly, and single trees look too good."""
MOST_DOSSIERS, MOST_ROWS = 24_000, 40_000
"""Dossiers are what evidence is counted in, rows what time goes by: many snapshots of few leads are all looked at."""
FEW_DOSSIERS = 500
"""With no more dossiers than these only strongly regularised algorithms are tried."""
REGULARISED = ("logistic_regression", "random_forest")
SEARCH_SHARE = 0.5
"""The share of the progress that trying takes."""


@dataclass(frozen=True)
class Trial:
    """How an algorithm did: its log loss on the windows, and the excess over the best one's with its standard error."""

    algorithm: str
    log_loss: float | None
    more_than_best: float | None
    standard_error: float | None
    seconds: float
    chosen: bool = False
    why: str = ""


class Auto:
    """Tries the algorithms, simplest first, then learns with the simplest within one standard error of the best."""

    name = "auto"
    title = "Choose for me"

    def __init__(self, algorithms: Sequence[Algorithm]) -> None:
        self.algorithms = tuple(algorithms)

    def unavailable(self) -> str | None:
        """Some algorithm always can be used."""
        return None

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Tries on a sample, learns on all. The table of trials is parameters["search"]."""
        trials = self.trials(task, lambda done, words: report(SEARCH_SHARE * done, words))
        chosen = next(each for each in self.algorithms if each.name == _chosen(trials).algorithm)
        report(SEARCH_SHARE, f"{chosen.title} is chosen: {_chosen(trials).why}")
        fitted = chosen.fit(task, lambda done, words: report(SEARCH_SHARE + (1 - SEARCH_SHARE) * done, words))
        search = {"search": [asdict(trial) for trial in trials]}
        return replace(fitted, parameters=fitted.parameters | search, algorithm=chosen.name)

    def trials(self, task: Task, report: Progress = silent) -> list[Trial]:
        """A trial of each algorithm, one of them chosen."""
        from joblib import Parallel, delayed  # noqa: PLC0415 - seconds that only training should pay

        small = replace(sampled(task, MOST_ROWS, MOST_DOSSIERS), bags=BAGS)
        dossiers = len(np.unique(task.dossier))
        candidates = [each for each in self.algorithms if dossiers > FEW_DOSSIERS or each.name in REGULARISED]
        losses_of: dict[str, Losses] = {}
        seconds: dict[str, float] = {}
        left_out = {each.name: why for each in candidates if (why := each.unavailable())}
        ready = [each for each in candidates if each.name not in left_out]
        # One after another here; side by side elsewhere, where `joblib.parallel_config` says so.
        outcomes = Parallel(return_as="generator")(delayed(_timed)(algorithm, small) for algorithm in ready)
        for at, algorithm in enumerate(ready):
            report(at / len(ready), f"Trying {algorithm.title[0].lower()}{algorithm.title[1:]}.")
            losses_of[algorithm.name], seconds[algorithm.name] = next(outcomes)
            report((at + 1) / len(ready), f"{algorithm.title}: log loss {losses_of[algorithm.name].mean:.4f}.")
        return judged(losses_of, seconds, left_out)


@dataclass(frozen=True)
class Losses:
    """Summed over each dossier that stood in a window: its log loss times weight, and its weight, both (dossiers,)."""

    loss: Floats
    weight: Floats

    @property
    def mean(self) -> float:
        """The log loss."""
        return float(self.loss.sum() / self.weight.sum()) if self.weight.sum() > 0 else float("nan")


def _timed(algorithm: Algorithm, task: Task) -> tuple[Losses, float]:
    """`tried`, and how many seconds it took."""
    started = time.monotonic()
    return tried(algorithm, task), round(time.monotonic() - started, 2)


def tried(algorithm: Algorithm, task: Task) -> Losses:
    """The algorithm's losses on what came next, window by window, in the order of the dossiers."""
    dossiers, place = np.unique(task.dossier, return_inverse=True)
    loss, weight = np.zeros(len(dossiers)), np.zeros(len(dossiers))
    for before, after in expanding(task, WINDOWS):
        past, rows = task.take(before), task.weight[after]
        fitted = algorithm.fit(past, silent)
        calibration = BetaCalibration.if_needed(fitted.out_of_sample, past.converted, past.weight)
        probability = calibration(fitted.raw.bags(task.x[after]).share)
        np.add.at(loss, place[after], rows * losses(probability, task.converted[after], rows))
        np.add.at(weight, place[after], rows)
    return Losses(loss, weight)


def judged(
    losses_of: Mapping[str, Losses], seconds: Mapping[str, float], left_out: Mapping[str, str] | None = None
) -> list[Trial]:
    """The trials, simplest first as given: chosen is the first whose loss is within one standard error of the best.

    The standard error is that of the difference from the best on the same dossiers, which are independent. Where no
    window held both outcomes the first is chosen.
    """
    best = min(losses_of, key=lambda name: _or_infinite(losses_of[name].mean))
    trials, found = [], False
    for name, one in losses_of.items():
        more, error = _difference(one, losses_of[best])
        chosen = not found and not more > error
        found = found or chosen
        why = _why(name, best, more, error, chosen=chosen)
        loss, by, give_or_take = (_or_none(each) for each in (one.mean, more, error))
        trials.append(Trial(name, loss, by, give_or_take, seconds[name], chosen, why))
    return trials + [Trial(name, None, None, None, 0.0, why=why) for name, why in (left_out or {}).items()]


def _difference(one: Losses, best: Losses) -> tuple[float, float]:
    total = float(one.weight.sum())
    if total == 0.0:
        return float("nan"), float("nan")
    apart = one.loss - best.loss
    more = float(apart.sum()) / total
    return more, float(np.sqrt(np.sum((apart - more * one.weight) ** 2))) / total


def _why(name: str, best: str, more: float, error: float, *, chosen: bool) -> str:
    if np.isnan(more):
        return (
            "The windows held one outcome only, so the simplest is taken." if chosen else "Nothing could be measured."
        )
    if name == best:
        return "It has the least log loss." if chosen else "It has the least log loss, but a simpler one comes as near."
    if chosen:
        return f"It is the simplest whose log loss is within one standard error ({error:.4f}) of the least."
    return f"Its log loss is {more:.4f} above the least" + (
        ", within one standard error, but it is not the simplest." if more <= error else "."
    )


def _chosen(trials: Sequence[Trial]) -> Trial:
    return next(trial for trial in trials if trial.chosen)


def _or_none(figure: float) -> float | None:
    return None if np.isnan(figure) else round(figure, 6)


def _or_infinite(figure: float) -> float:
    return float("inf") if np.isnan(figure) else figure
