"""How good probabilities were, on rows that the model had not seen. What cannot be computed is None, with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from models_registry.learning.ranking import WeightedAuc

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Metrics = dict[str, Any]

THRESHOLD = 0.5
BINS = 10
RESAMPLES = 400
LEVEL = 95
EDGE = 1e-15
FEW = "Too few resamples held both outcomes."
FEWEST_RESAMPLES = 0.8
"""An interval needs this share of the resamples to have held both classes."""


def evaluate(
    probability: Floats, converted: Bools, weight: Floats, dossier: NDArray[np.int64], *, seed: int
) -> Metrics:
    """The figures of n rows, each counting by its weight; plain data.

    `intervals` are 95 % bootstrap intervals over dossiers; `reasons` says of each figure that is None why it is.
    """
    if len(probability) == 0:
        raise ValueError("there are no rows to evaluate on")
    reasons: dict[str, str] = {}
    figures = _counts(converted, weight, dossier) | _decisions(probability, converted, weight, reasons)
    figures |= _ranking(probability, converted, weight, reasons)
    figures |= {
        "log_loss": float(np.average(log_losses(probability, converted), weights=weight)),
        "brier": float(np.average((probability - converted) ** 2, weights=weight)),
        "calibration_error": calibration_error(probability, converted, weight),
    }
    intervals = _intervals(probability, converted, weight, dossier, seed=seed)
    reasons |= {f"intervals.{name}": FEW for name, interval in intervals.items() if interval is None}
    return figures | {"intervals": intervals, "reasons": reasons}


def log_losses(probability: Floats, converted: Bools) -> Floats:
    """Minus the logarithm of the probability given to what happened, (n,), in nats."""
    return np.asarray(-np.log(np.clip(np.where(converted, probability, 1.0 - probability), EDGE, 1.0)))


def calibration_error(probability: Floats, converted: Bools, weight: Floats, bins: int = BINS) -> float:
    """Mean distance of predicted and observed rate over bins of equal mass (by weight), in the order of probability."""
    order = np.argsort(probability, kind="stable")
    mass = weight[order]
    place = np.minimum(((np.cumsum(mass) - mass / 2) / mass.sum() * bins).astype(np.int64), bins - 1)
    gap = np.bincount(place, weights=mass * (probability - converted)[order], minlength=bins)
    return float(np.abs(gap).sum() / mass.sum())


def _counts(converted: Bools, weight: Floats, dossier: NDArray[np.int64]) -> Metrics:
    return {
        "rows": len(converted),
        "dossiers": len(np.unique(dossier)),
        "positives": len(np.unique(dossier[converted])),
        "base_rate": float(np.average(converted, weights=weight)),
    }


def _decisions(probability: Floats, converted: Bools, weight: Floats, reasons: dict[str, str]) -> Metrics:
    said = probability >= THRESHOLD
    tp, fp, fn, tn = (
        float(weight[mask].sum())
        for mask in (said & converted, said & ~converted, ~said & converted, ~said & ~converted)
    )
    return {
        "threshold": THRESHOLD,
        "accuracy": (tp + tn) / (tp + fp + fn + tn),
        "precision": _quotient("precision", tp, tp + fp, "No lead was given a probability of 0.5 or more.", reasons),
        "recall": _quotient("recall", tp, tp + fn, "No lead converted.", reasons),
        "f1": _quotient("f1", 2 * tp, 2 * tp + fp + fn, "No lead converted, nor was expected to.", reasons),
        "confusion_matrix": {"true_positive": tp, "false_positive": fp, "false_negative": fn, "true_negative": tn},
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
    return {"roc_auc": auc, "pr_auc": float(average_precision_score(converted, probability, sample_weight=weight))}


def _intervals(
    probability: Floats, converted: Bools, weight: Floats, dossier: NDArray[np.int64], *, seed: int
) -> dict[str, list[float] | None]:
    dossiers, place = np.unique(dossier, return_inverse=True)
    rng, auc = np.random.default_rng(seed), WeightedAuc(probability, converted)
    losses = log_losses(probability, converted)
    aucs, means = [], []
    for _ in range(RESAMPLES):
        drawn = weight * resampled(rng, len(dossiers))[place]
        aucs.append(auc(drawn))
        means.append(float(np.average(losses, weights=drawn)))
    return {"roc_auc": _middle([each for each in aucs if each is not None]), "log_loss": _middle(means)}


def resampled(rng: np.random.Generator, n: int) -> Floats:
    """How often each of n is drawn in n draws with replacement, (n,)."""
    return np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)


def _middle(values: list[float]) -> list[float] | None:
    if len(values) < FEWEST_RESAMPLES * RESAMPLES:
        return None
    edge = (100 - LEVEL) / 2
    return [float(each) for each in np.percentile(values, [edge, 100 - edge])]
