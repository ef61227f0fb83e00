"""Whether a new model is better than the one that scores now, by paired tests on the same newest leads.

A higher point figure alone is a coin toss. Better means: superior in log loss (paired bootstrap over dossiers,
one-sided 5 %) and not inferior in ROC-AUC (paired DeLong, by no more than a margin of 0.01).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from common.arrays import Bools, Floats
from models_registry.learning.bootstrap import resampled
from models_registry.learning.evaluation import log_losses
from models_registry.learning.ranking import delong

RESAMPLES = 2_000
ALPHA = 0.05
AUC_MARGIN = 0.01
LOG_LOSS_MARGIN = 0.01


@dataclass(frozen=True)
class LogLossTest:
    """Log loss of both, in nats; `gain` is the champion's less the challenger's, `gain_low` its lower bound."""

    champion: float
    challenger: float
    gain: float
    gain_low: float
    p: float
    """The share of resamples in which the challenger was not better."""


@dataclass(frozen=True)
class AucTest:
    """ROC-AUC of both; `gain` is the challenger's less the champion's, `gain_low` its lower bound."""

    champion: float
    challenger: float
    gain: float
    gain_low: float


@dataclass(frozen=True)
class Comparison:
    """The verdict, in figures and in words. `auc` is None where the leads all came out the same."""

    better: bool
    not_worse: bool
    words: str
    rows: int
    dossiers: int
    log_loss: LogLossTest
    auc: AucTest | None
    alpha: float = ALPHA
    auc_margin: float = AUC_MARGIN
    log_loss_margin: float = LOG_LOSS_MARGIN

    def to_json(self) -> dict[str, Any]:
        """As plain data, for the activation's evidence."""
        return asdict(self)


def compare(
    *, champion: Floats, challenger: Floats, converted: Bools, weight: Floats, dossier: NDArray[np.int64], seed: int
) -> Comparison:
    """Compares the probabilities of both for the same n rows. `better` and `not_worse` are of the challenger."""
    log_loss = _log_loss_test(champion, challenger, converted, weight, dossier, seed=seed)
    auc = _auc_test(champion, challenger, converted, weight, dossier)
    dossiers = len(np.unique(dossier))
    keeps_order = auc is not None and auc.gain_low > -AUC_MARGIN
    better = keeps_order and log_loss.gain_low > 0.0
    not_worse = keeps_order and log_loss.gain_low > -LOG_LOSS_MARGIN
    return Comparison(better, not_worse, _words(log_loss, auc, dossiers), len(converted), dossiers, log_loss, auc)


def _log_loss_test(
    champion: Floats, challenger: Floats, converted: Bools, weight: Floats, dossier: NDArray[np.int64], *, seed: int
) -> LogLossTest:
    losses = [log_losses(each, converted) for each in (champion, challenger)]
    place = np.unique(dossier, return_inverse=True)[1]
    mass: Floats = np.bincount(place, weights=weight).astype(np.float64)
    gains: Floats = np.bincount(place, weights=weight * (losses[0] - losses[1])).astype(np.float64)
    rng = np.random.default_rng(seed)
    drawn = np.array([_mean_of(resampled(rng, len(mass)), gains, mass) for _ in range(RESAMPLES)])
    old, new = (float(np.average(each, weights=weight)) for each in losses)
    p = (1 + int(np.sum(drawn <= 0.0))) / (RESAMPLES + 1)
    return LogLossTest(old, new, old - new, float(np.quantile(drawn, ALPHA)), p)


def _mean_of(times: Floats, gains: Floats, mass: Floats) -> float:
    return float(times @ gains / (times @ mass))


def _auc_test(
    champion: Floats, challenger: Floats, converted: Bools, weight: Floats, dossier: NDArray[np.int64]
) -> AucTest | None:
    if converted.all() or not converted.any():
        return None
    figures = delong(challenger, champion, converted, weight=weight, cluster=dossier)
    gain = figures.difference
    return AucTest(figures.auc_b, figures.auc_a, gain, gain - float(ndtri(1 - ALPHA)) * figures.deviation)


def _words(log_loss: LogLossTest, auc: AucTest | None, dossiers: int) -> str:
    return f"On the same {dossiers:,} newest leads, {_log_loss_words(log_loss)}; {_auc_words(auc)}."


def _log_loss_words(test: LogLossTest) -> str:
    figures = f"log loss is {test.challenger:.4f} against {test.champion:.4f}"
    if test.gain_low > 0.0:
        return f"{figures}, which is better beyond chance (p = {test.p:.3f})"
    # As shown: of two figures that read alike none is called the better.
    gain = round(test.champion, 4) - round(test.challenger, 4)
    side = "worse" if gain < 0 else "better, but not beyond chance" if gain > 0 else "the same"
    return f"{figures}, which is {side} (p = {test.p:.2f})"


def _auc_words(test: AucTest | None) -> str:
    if test is None:
        return "ROC-AUC cannot be compared, because these leads all came out the same"
    figures = f"ROC-AUC is {test.challenger:.4f} against {test.champion:.4f}"
    if test.gain_low > -AUC_MARGIN:
        return f"{figures}, surely not worse by {AUC_MARGIN:g}"
    return f"{figures}, and that it is not worse by {AUC_MARGIN:g} cannot be shown (it may be by {-test.gain_low:.4f})"
