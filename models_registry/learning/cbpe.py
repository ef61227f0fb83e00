"""How good calibrated probabilities are before anybody knows what became of the leads.

If probabilities mean what they say, each row is a conversion with its own probability: the expected confusion matrix,
ROC-AUC, log loss and Brier score follow in closed form (confidence-based performance estimation, CBPE). It says what
the figures will be as long as calibration holds, and cannot see that it does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from common.arrays import Floats

EDGE = 1e-15


def estimate(probability: Floats, *, threshold: float = 0.5) -> dict[str, Any]:
    """The expected figures of n calibrated probabilities, (n,); those that do not exist are None.

    `roc_auc` weighs each pair of rows by the probability that the first converts and the second does not, ties counting
    half. Raises ValueError where there are no rows.
    """
    if len(probability) == 0:
        raise ValueError("there is nothing to estimate from")
    return {
        "n": len(probability),
        "base_rate": float(probability.mean()),
        "roc_auc": roc_auc(probability),
        "log_loss": log_loss(probability),
        "brier": float(np.mean(probability * (1.0 - probability))),
        "threshold": threshold,
    } | _decisions(probability, threshold)


def roc_auc(probability: Floats) -> float | None:
    """The expected ROC-AUC; None where all rows are sure to come out the same."""
    values, place = np.unique(probability, return_inverse=True)
    positive = np.bincount(place, weights=probability, minlength=len(values))
    negative = np.bincount(place, weights=1.0 - probability, minlength=len(values))
    pairs = float(positive.sum() * negative.sum())
    return None if pairs <= 0.0 else float(positive @ (np.cumsum(negative) - negative / 2)) / pairs


def log_loss(probability: Floats) -> float:
    """The expected log loss in nats: the mean entropy."""
    p = np.clip(probability, EDGE, 1.0 - EDGE)
    return float(-np.mean(p * np.log(p) + (1.0 - p) * np.log1p(-p)))


def _decisions(probability: Floats, threshold: float) -> dict[str, Any]:
    said = probability >= threshold
    tp, fn = float(probability[said].sum()), float(probability[~said].sum())
    fp, tn = float(said.sum()) - tp, float((~said).sum()) - fn
    return {
        "accuracy": (tp + tn) / len(probability),
        "precision": _quotient(tp, tp + fp),
        "recall": _quotient(tp, tp + fn),
        "f1": _quotient(2 * tp, 2 * tp + fp + fn),
        "specificity": _quotient(tn, tn + fp),
    }


def _quotient(part: float, whole: float) -> float | None:
    return part / whole if whole > 0.0 else None
