"""Realised performance: the figures of predicted probabilities whose outcomes are known by now, each lead once.

`said` (n,) are the probabilities and `converted` (n,) the outcomes. A figure that cannot be computed is None, and
`reasons` holds a code: NO_LEADS, ONE_OUTCOME, TOO_FEW.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtri

from common.arrays import Bools, Floats, Moments
from models_registry.learning.evaluation import THRESHOLD, calibration_error, log_losses
from models_registry.learning.ranking import delong
from models_registry.learning.wilson import wilson

NO_LEADS, ONE_OUTCOME, TOO_FEW = "no_mature_predictions", "one_outcome_only", "too_few_leads"
LEVEL = 0.95
FEWEST = 10
"""An interval of the ROC-AUC, and a point of the series, need so many leads of each outcome."""
FEWEST_IN_BIN, MOST_BINS = 20, 10
EDGES = np.array([0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95])
"""Bands of probability lie around 0, 10, 20, ... 100 %, so that each is called by its middle."""
WEEKLY, MONTHLY = "week", "month"
LONGEST_WEEKLY = 26


def realised(said: Floats, converted: Bools) -> dict[str, Any]:
    """All figures of n leads, as plain data."""
    n = len(said)
    if n == 0:
        return NOTHING | {"reasons": dict.fromkeys(FIGURES, NO_LEADS)}
    reasons: dict[str, str] = {}
    return {
        "leads": n,
        "converted": int(converted.sum()),
        "base_rate": float(converted.mean()),
        "expected": float(said.mean()),
        "roc_auc": _roc_auc(said, converted, reasons),
        "roc_auc_interval": _interval(said, converted, reasons),
        "log_loss": float(log_losses(said, converted).mean()),
        "brier": float(np.mean((said - converted) ** 2)),
        "accuracy": float(np.mean((said >= THRESHOLD) == converted)),
        "calibration_error": calibration_error(said, converted, np.ones(n)),
        "calibration_p": calibration_p(said, converted, reasons),
        "bands": bands(said, converted),
        "reasons": reasons,
    }


FIGURES = ("roc_auc", "roc_auc_interval", "log_loss", "brier", "accuracy", "calibration_error", "calibration_p")
NOTHING: dict[str, Any] = {"leads": 0, "converted": 0, "base_rate": None, "expected": None, "bands": []}
NOTHING |= dict.fromkeys(FIGURES)


def _roc_auc(said: Floats, converted: Bools, reasons: dict[str, str]) -> float | None:
    if converted.all() or not converted.any():
        reasons["roc_auc"] = ONE_OUTCOME
        return None
    return float(delong(said, said, converted).auc_a)


def _interval(said: Floats, converted: Bools, reasons: dict[str, str]) -> list[float] | None:
    """95 % by DeLong's variance, on the logit, so that it stays between 0 and 1."""
    if min(converted.sum(), (~converted).sum()) < FEWEST:
        reasons["roc_auc_interval"] = TOO_FEW
        return None
    figures = delong(said, said, converted)
    auc, deviation = figures.auc_a, float(np.sqrt(figures.covariance[0, 0]))
    if not 0.0 < auc < 1.0:
        reasons["roc_auc_interval"] = TOO_FEW
        return None
    reach = float(ndtri((1 + LEVEL) / 2)) * deviation / (auc * (1.0 - auc))
    middle = np.log(auc / (1.0 - auc))
    return [float(1 / (1 + np.exp(-(middle + side)))) for side in (-reach, reach)]


def calibration_p(said: Floats, converted: Bools, reasons: dict[str, str]) -> float | None:
    """The probability that calibrated probabilities would miss by so much (Hosmer and Lemeshow, on leads of later)."""
    bins = min(len(said) // FEWEST_IN_BIN, MOST_BINS)
    if bins < 1:
        reasons["calibration_p"] = TOO_FEW
        return None
    order = np.argsort(said, kind="stable")
    parts = np.array_split(order, bins)
    misses = np.array([float((converted[part] - said[part]).sum()) for part in parts])
    variances = np.array([float((said[part] * (1 - said[part])).sum()) for part in parts])
    return float(chdtrc(bins, float(np.sum(misses**2 / np.maximum(variances, 1e-12)))))


def bands(said: Floats, converted: Bools) -> list[dict[str, Any]]:
    """ "We said 30 %: 28 of 100 converted (20 to 37)": by bands of probability, those without a lead left out."""
    place = np.searchsorted(EDGES, said, side="right")
    return [_band(said[place == at], converted[place == at]) for at in np.unique(place)]


def _band(said: Floats, converted: Bools) -> dict[str, Any]:
    leads, won, mean = len(said), int(converted.sum()), float(said.mean())
    low, high = wilson(won, leads)
    return {
        "said": mean,
        "leads": leads,
        "converted": won,
        "rate": won / leads,
        "low": low,
        "high": high,
        "holds": low <= mean <= high,
    }


def series(said: Floats, converted: Bools, moment: Moments) -> dict[str, Any]:
    """The figures by the week (from Monday, UTC) or, over a longer time, by the month in which they were said."""
    if len(said) == 0:
        return {"step": WEEKLY, "points": []}
    days = moment.astype("datetime64[D]")
    weeks = (days.astype(np.int64) + 3) // 7
    weekly = int(weeks.max() - weeks.min()) < LONGEST_WEEKLY
    place = weeks if weekly else days.astype("datetime64[M]").astype(np.int64)
    points = []
    for at in np.unique(place):
        begins = np.datetime64(int(at) * 7 - 3, "D") if weekly else np.datetime64(int(at), "M").astype("datetime64[D]")
        rows = place == at
        points.append({"from": str(begins)} | _point(said[rows], converted[rows]))
    return {"step": WEEKLY if weekly else MONTHLY, "points": points}


def _point(said: Floats, converted: Bools) -> dict[str, Any]:
    won = int(converted.sum())
    low, high = wilson(won, len(said))
    enough = min(won, len(said) - won) >= FEWEST
    return {
        "leads": len(said),
        "converted": won,
        "rate": won / len(said),
        "low": low,
        "high": high,
        "expected": float(said.mean()),
        "roc_auc": float(delong(said, said, converted).auc_a) if enough else None,
        "log_loss": float(log_losses(said, converted).mean()),
    }
