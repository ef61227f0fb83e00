"""How good probabilities were, on rows that the model had not seen. What cannot be computed is None, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from models_registry.learning.bootstrap import Resamples, Statistic, interval_of, turned
from models_registry.learning.masses import equal_masses, sums
from models_registry.learning.ranking import WeightedAuc, WeightedPrecision

Metrics = dict[str, Any]

THRESHOLD = 0.5
BINS = 10
EDGE = 1e-15
FEW = "Too few resamples held both outcomes."


def evaluate(
    probability: Floats, converted: Bools, weight: Floats, dossier: NDArray[np.int64], *, seed: int
) -> Metrics:
    """The figures of n rows, each counting by its weight; plain data.

    `intervals` are 95 % bootstrap intervals over dossiers; `reasons` says of each figure that is None why it is.
    """
    if len(probability) == 0:
        raise ValueError("there are no rows to evaluate on")
    reasons: dict[str, str] = {}
    figures = _counts(converted, weight, dossier) | decisions(probability, converted, weight, THRESHOLD, reasons)
    figures |= _ranking(probability, converted, weight, reasons)
    figures |= {
        "log_loss": float(np.average(log_losses(probability, converted), weights=weight)),
        "brier": float(np.average((probability - converted) ** 2, weights=weight)),
        "calibration_error": calibration_error(probability, converted, weight),
    }
    intervals = _intervals(figures, probability, converted, Resamples(weight, dossier, seed))
    reasons |= {f"intervals.{name}": FEW for name, interval in intervals.items() if interval is None}
    return figures | {"intervals": intervals, "reasons": reasons}


def log_losses(probability: Floats, converted: Bools) -> Floats:
    """Minus the logarithm of the probability given to what happened, (n,), in nats."""
    return np.asarray(-np.log(np.clip(np.where(converted, probability, 1.0 - probability), EDGE, 1.0)))


def calibration_error(probability: Floats, converted: Bools, weight: Floats, bins: int = BINS) -> float:
    """Mean distance of predicted and observed rate over bins of equal mass (by weight), in the order of probability."""
    gap = sums(equal_masses(probability, weight, bins), weight * (probability - converted), bins)
    return float(np.abs(gap).sum() / weight.sum())


def decisions(
    probability: Floats, converted: Bools, weight: Floats, threshold: float, reasons: dict[str, str]
) -> Metrics:
    """Accuracy, precision, recall, F1 and confusion matrix where from `threshold` on a lead is called likely."""
    said = probability >= threshold
    tp, fp, fn, tn = (
        float(weight[mask].sum())
        for mask in (said & converted, said & ~converted, ~said & converted, ~said & ~converted)
    )
    never = f"No lead was given a probability of {threshold:.3g} or more."
    return {
        "threshold": threshold,
        "accuracy": (tp + tn) / (tp + fp + fn + tn),
        "precision": _quotient("precision", tp, tp + fp, never, reasons),
        "recall": _quotient("recall", tp, tp + fn, "No lead converted.", reasons),
        "f1": _quotient("f1", 2 * tp, 2 * tp + fp + fn, "No lead converted, nor was expected to.", reasons),
        "confusion_matrix": {"true_positive": tp, "false_positive": fp, "false_negative": fn, "true_negative": tn},
    }


def _counts(converted: Bools, weight: Floats, dossier: NDArray[np.int64]) -> Metrics:
    return {
        "rows": len(converted),
        "dossiers": len(np.unique(dossier)),
        "positives": len(np.unique(dossier[converted])),
        "base_rate": float(np.average(converted, weights=weight)),
    }


def _quotient(name: str, part: float, whole: float, otherwise: str, reasons: dict[str, str]) -> float | None:
    if whole <= 0.0:
        reasons[name] = otherwise
        return None
    return part / whole


def _ranking(probability: Floats, converted: Bools, weight: Floats, reasons: dict[str, str]) -> Metrics:
    auc = WeightedAuc(probability, converted)(weight)
    if auc is None:
        every = "No lead converted" if not converted.any() else "Every lead converted"
        reasons |= dict.fromkeys(("roc_auc", "pr_auc"), f"{every}: there is nothing to rank.")
        return {"roc_auc": None, "pr_auc": None}
    from sklearn.metrics import average_precision_score  # noqa: PLC0415 - seconds that a web server should not pay

    return {"roc_auc": auc, "pr_auc": float(average_precision_score(converted, probability, sample_weight=weight))}


def _intervals(
    figures: Mapping[str, Any], probability: Floats, converted: Bools, resamples: Resamples
) -> dict[str, list[float] | None]:
    drawn = resamples.of(_statistics(probability, converted, resamples.weight))
    intervals = {name: interval_of(values) for name, values in drawn.items()}
    return intervals | {"calibration_error": turned(intervals["calibration_error"], figures["calibration_error"])}


def _statistics(probability: Floats, converted: Bools, weight: Floats) -> dict[str, Statistic]:
    said = probability >= THRESHOLD
    hit, called, came = (mask.astype(np.float64) for mask in (said & converted, said, converted))
    place, gap = equal_masses(probability, weight, BINS), probability - converted
    inside = np.where(place[:, None] == np.arange(BINS), gap[:, None], 0.0)
    every = np.ones(len(probability))
    return {
        "roc_auc": WeightedAuc(probability, converted).many,
        "pr_auc": WeightedPrecision(probability, converted).many,
        "log_loss": partial(_share, log_losses(probability, converted), every),
        "brier": partial(_share, gap**2, every),
        "calibration_error": lambda drawn: np.abs(drawn @ inside).sum(axis=1) / drawn.sum(axis=1),
        "precision": partial(_share, hit, called),
        "recall": partial(_share, hit, came),
        "accuracy": partial(_share, (said == converted).astype(np.float64), every),
        "f1": partial(_share, 2 * hit, called + came),
    }


def _share(part: Floats, whole: Floats, drawn: Floats) -> Floats:
    under = drawn @ whole
    return np.asarray(np.divide(drawn @ part, under, out=np.full(len(under), np.nan), where=under > 0.0))
