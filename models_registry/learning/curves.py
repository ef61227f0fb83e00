"""What is drawn of a model on the holdout: ROC and precision-recall curve, calibration diagram, lift and gains."""

from __future__ import annotations

from typing import Any

import numpy as np

from common.arrays import Bools, Floats
from models_registry.learning.evaluation import BINS
from models_registry.learning.masses import equal_masses, sums
from models_registry.learning.wilson import wilson

POINTS = 40
TENTHS = 10
Points = list[dict[str, Any]]


def curves_of(probability: Floats, converted: Bools, weight: Floats) -> dict[str, Any]:
    """All of it as plain data, (n,) each. ROC, precision-recall and lift are None where one outcome is lacking."""
    both = converted.any() and not converted.all()
    return {
        "roc": roc(probability, converted, weight) if both else None,
        "precision_recall": precision_recall(probability, converted, weight) if both else None,
        "calibration": calibration(probability, converted, weight),
        "lift": lift(probability, converted, weight) if both else None,
        "reasons": {} if both else {"roc": "The leads measured on all came out the same."},
    }


def roc(probability: Floats, converted: Bools, weight: Floats) -> Points:
    """A few dozen points from (0, 0) to (1, 1): at which threshold, which share of both classes is called."""
    thresholds, hits, misses = _called(probability, converted, weight)
    true, false = hits / hits[-1], misses / misses[-1]
    start = [{"threshold": None, "false_positive_rate": 0.0, "true_positive_rate": 0.0}]
    return start + [
        {"threshold": float(t), "false_positive_rate": float(x), "true_positive_rate": float(y)}
        for t, x, y in _thinned(thresholds, false, true, along=(true + false) / 2)
    ]


def precision_recall(probability: Floats, converted: Bools, weight: Floats) -> Points:
    """A few dozen points by rising recall."""
    thresholds, hits, misses = _called(probability, converted, weight)
    recall, precision = hits / hits[-1], hits / (hits + misses)
    return [
        {"threshold": float(t), "recall": float(x), "precision": float(y)}
        for t, x, y in _thinned(thresholds, recall, precision, along=recall)
    ]


def calibration(probability: Floats, converted: Bools, weight: Floats) -> Points:
    """Bins of equal mass: mean predicted and observed rate with its 95 % Wilson interval, `leads` by weight."""
    place = equal_masses(probability, weight, BINS)
    leads, said = sums(place, weight, BINS), sums(place, weight * probability, BINS)
    came = sums(place, weight * converted, BINS)
    return [
        {
            "predicted": float(said[at] / leads[at]),
            "observed": float(came[at] / leads[at]),
            "leads": float(leads[at]),
            "interval": list(wilson(float(came[at]), float(leads[at]))),
        }
        for at in np.flatnonzero(leads > 0.0)
    ]


def lift(probability: Floats, converted: Bools, weight: Floats) -> Points:
    """By tenths of the leads, likeliest first: rate, lift (against the mean) and gain (share of conversions so far)."""
    place = equal_masses(-probability, weight, TENTHS)
    leads, came = sums(place, weight, TENTHS), sums(place, weight * converted, TENTHS)
    base, total = float(came.sum() / leads.sum()), float(came.sum())
    gains = np.cumsum(came) / total
    return [
        {
            "tenth": int(at) + 1,
            "leads": float(leads[at]),
            "rate": float(came[at] / leads[at]),
            "lift": float(came[at] / leads[at] / base),
            "gain": float(gains[at]),
        }
        for at in np.flatnonzero(leads > 0.0)
    ]


def _called(probability: Floats, converted: Bools, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Each probability that occurs, highest first, and the mass of both classes from it on."""
    order = np.argsort(-probability, kind="stable")
    ordered = probability[order]
    last = np.concatenate([ordered[1:] != ordered[:-1], [True]])
    hits = np.cumsum(np.where(converted, weight, 0.0)[order])[last]
    misses = np.cumsum(np.where(converted, 0.0, weight)[order])[last]
    return ordered[last], hits, misses


def _thinned(*columns: Floats, along: Floats) -> list[tuple[Any, ...]]:
    """The rows nearest to even steps of `along`, which rises to 1; the last is always among them."""
    at = np.unique(np.searchsorted(along, np.linspace(0.0, 1.0, POINTS), side="left").clip(max=len(along) - 1))
    return list(zip(*(column[at].tolist() for column in columns), strict=True))
