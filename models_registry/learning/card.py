"""A model's card: what it was made from and how, as plain data that outlives the artefact."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import Any

import numpy as np

from common.arrays import Floats
from common.release import RELEASE
from leads.features import LabelledRows
from models_registry.learning.baselines import Holdout, baselines
from models_registry.learning.curves import curves_of
from models_registry.learning.encoding import Number, Words
from models_registry.learning.evaluation import Metrics
from models_registry.learning.groups import by_age, by_source
from models_registry.learning.learning_curve import Learner, learning_curve
from models_registry.learning.model import Model
from models_registry.learning.reference import reference_of
from models_registry.learning.rules import Rule
from models_registry.learning.thresholds import Thresholds

LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "lightgbm", "xgboost-cpu")
"""All that may have a part in learning, whichever algorithm was asked for: LightGBM chooses features for each of them
where it can be loaded.
Earlier cards name fewer."""


def card_of(
    rows: LabelledRows,
    past: LabelledRows,
    newest: LabelledRows,
    model: Model,
    *,
    seed: int,
    parameters: dict[str, Any],
    metrics: Metrics,
    shuffled: Metrics,
) -> dict[str, Any]:
    """The card of a model learnt on `past` and measured on `newest`, both parts of `rows`. It tells no time."""
    return {
        "algorithm": model.algorithm,
        "parameters": parameters,
        "seed": seed,
        "data_digest": digest_of(rows),
        "versions": versions(),
        "training": _part(past),
        "holdout": _part(newest),
        "calibration": model.calibration.to_json(),
        "spread": model.spread.to_json(),
        "base_probability": model.base,
        "mean_interval_width": _mean_width(model, newest),
        "features": [feature.to_json() | _encoding(model, at) for at, feature in enumerate(model.features)],
        "metrics": metrics,
        "shuffled_metrics": shuffled,
        "reference": reference_of(past, newest, model.score(newest.columns, contributions=False).probability),
    }


def versions() -> dict[str, str]:
    """Of ours, of Python, and of the libraries."""
    ours = {"leadqual": RELEASE, "python": platform.python_version()}
    return ours | {name: version(name) for name in LIBRARIES}


def figures_of(
    past: LabelledRows,
    newest: LabelledRows,
    probability: Floats,
    *,
    thresholds: Thresholds,
    learner: Learner,
    rules: tuple[Rule, ...],
    seed: int,
) -> dict[str, Any]:
    """What a card shows beyond the metrics, all on the newest rows, of which the model gave (n,) `probability`.

    `thresholds` were chosen on the past; `learner` learns again from fewer rows.
    """
    return {
        "thresholds": thresholds.measure(probability, newest.converted, newest.weight),
        "curves": curves_of(probability, newest.converted, newest.weight),
        "by_source": by_source(newest, probability),
        "by_age": by_age(newest, probability, past),
        "baselines": baselines(past, Holdout(newest, probability, seed), rules),
        "learning_curve": learning_curve(past, newest, probability, learner),
    }


def digest_of(rows: LabelledRows) -> str:
    """SHA-256 over the features and all their values, labels, weights, leads and times."""
    digest = hashlib.sha256(json.dumps([feature.to_json() for feature in rows.features], sort_keys=True).encode())
    for feature in rows.features:
        column = rows.columns[feature.name]
        words = json.dumps([value if isinstance(value, str) else None for value in column.tolist()]).encode()
        digest.update(words if feature.is_category else np.ascontiguousarray(column, dtype=np.float64).tobytes())
    for array in (rows.converted, rows.weight, rows.dossier, *_times(rows)):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _times(rows: LabelledRows) -> list[Any]:
    return [each.astype("datetime64[us]").astype(np.int64) for each in (rows.created_at, rows.moment)]


def _part(rows: LabelledRows) -> dict[str, Any]:
    return {
        "snapshots": len(rows),
        "leads": len(np.unique(rows.dossier)),
        "converted": len(np.unique(rows.dossier[rows.converted])),
        "created_from": str(rows.created_at.min()),
        "created_to": str(rows.created_at.max()),
    }


def _mean_width(model: Model, newest: LabelledRows) -> float:
    scores = model.score(newest.columns, contributions=False)
    return float(np.average(scores.high - scores.low, weights=newest.weight))


def _encoding(model: Model, at: int) -> dict[str, Any]:
    code = model.encoder.codes[at]
    if code.width == 0:
        return {"used": False, "why_not": "It did not vary in training."}
    if isinstance(code, Words):
        return {"used": True, "levels": list(code.levels), "missing_level": code.missing, "rare_joined": code.other}
    return {"used": True, "median": _median(code), "missing_indicator": code.indicator}


def _median(code: Number) -> float:
    return code.median
