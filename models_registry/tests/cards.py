"""Versions and runs with a card to look at, and nothing learnt behind it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from models_registry.learning.groups import NOT_MEASURED
from models_registry.models import ModelVersion, TrainingRun
from models_registry.tests.artefacts import give_artefact

FEATURES = [
    {"name": name, "kind": kind, "unit": "", "meaning": name, "low": None, "high": None, "influenceable": False}
    for name, kind in (("appointments_count", "numeric"), ("source", "category"), ("attributes.first_buyer", "boolean"))
]
METRICS = {
    "precision": 0.61,
    "recall": 0.42,
    "f1": 0.5,
    "roc_auc": 0.743,
    "accuracy": 0.83,
    "log_loss": 0.41,
    "brier": 0.13,
}
MATRIX = {"true_positive": 12.0, "false_positive": 18.0, "false_negative": 8.0, "true_negative": 62.0}
GROUP = {"rows": 200, "dossiers": 100, "base_rate": 0.2, "predicted": 0.22, "reason": None}
FIGURES = {"roc_auc": 0.71, "log_loss": 0.43, "calibration_error": 0.04}
CARD: dict[str, Any] = {
    "seed": 7,
    "training": {"snapshots": 9000, "leads": 2000, "converted": 480}
    | {"created_from": "2025-06-02T08:00:00.000000", "created_to": "2025-08-30T17:00:00.000000"},
    "holdout": {"snapshots": 1500, "leads": 500, "converted": 100}
    | {"created_from": "2025-08-31T09:00:00.000000", "created_to": "2025-10-01T10:00:00.000000"},
    "labelling": {"labels": "censored", "horizon_days": 60},
    "shuffled_metrics": {"roc_auc": 0.861, "reasons": {}},
    "baselines": {
        "rules": {
            "roc_auc": 0.612,
            "log_loss": 0.47,
            "difference": {
                "log_loss": {"gain": 0.06, "interval": [0.04, 0.08]},
                "roc_auc": {"gain": 0.131, "interval": [0.1, 0.16]},
            },
        },
        "naive_bayes": {"reasons": {"all": "There was nothing to count."}},
    },
    "thresholds": [
        {"name": name, "threshold": at, "called": 0.3, "precision": 0.4, "recall": 0.6, "f1": 0.48, "accuracy": 0.74}
        | {"confusion_matrix": MATRIX, "cost": 0.58, "cost_ratio": 5.0, "chosen_on": None, "reasons": {}}
        for name, at in (("half", 0.5), ("f1_best", 0.31), ("cost_best", 0.17))
    ],
    "curves": {
        "roc": [
            {"threshold": None, "false_positive_rate": 0.0, "true_positive_rate": 0.0},
            {"threshold": 0.3, "false_positive_rate": 0.2, "true_positive_rate": 0.6},
            {"threshold": 0.1, "false_positive_rate": 1.0, "true_positive_rate": 1.0},
        ],
        "precision_recall": [{"threshold": 0.3, "recall": 0.6, "precision": 0.43}],
        "calibration": [
            {"predicted": 0.1, "observed": 0.08, "leads": 50.0, "interval": [0.03, 0.18]},
            {"predicted": 0.3, "observed": 0.32, "leads": 50.0, "interval": [0.2, 0.46]},
        ],
        "lift": [
            {"tenth": 1, "leads": 10.0, "rate": 0.64, "lift": 3.2, "gain": 0.32},
            {"tenth": 2, "leads": 10.0, "rate": 0.3, "lift": 1.5, "gain": 0.47},
        ],
        "reasons": {},
    },
    "by_source": [
        {"source": "<portal>"} | GROUP | FIGURES,
        {"source": "fair", "roc_auc": None, "log_loss": None, "calibration_error": None}
        | (GROUP | {"reason": "Fewer than 10 leads of an outcome."}),
    ],
    "by_age": [
        {"age": "1 to 3 days", "from_days": 1.0} | GROUP | FIGURES,
        {"age": "1 to 2 months", "from_days": 30.0} | NOT_MEASURED,
    ],
    "learning_curve": {
        "points": [{"leads": leads, "roc_auc": 0.7, "log_loss": 0.45} for leads in (100, 200, 400)],
        "gain_by_doubling": 0.012,
        "words": "Twice as many leads would raise ROC-AUC by about 0.01.",
    },
    "parameters": {
        "search": [
            {"algorithm": "logistic_regression", "log_loss": 0.41, "more_than_best": 0.0, "standard_error": 0.0}
            | {"seconds": 1.25, "chosen": True, "why": "It has the least log loss."},
            {"algorithm": "lightgbm", "log_loss": None, "more_than_best": None, "standard_error": None}
            | {"seconds": 0.0, "chosen": False, "why": "It needs a library that is not there."},
        ]
    },
    "features": [
        {"name": "source", "used": True},
        {"name": "attributes.moon", "used": False, "why_not": "It adds nothing to noise."},
    ],
    "leakage": [
        {"feature": "attributes.tags", "availability": "unknown", "auc_alone": 0.95, "auc_with": 0.98}
        | {"auc_without": 0.88, "verdict": "quarantined", "words": "It knows the outcome."}
    ],
}
"""A card with all that a learner writes now; one of old has the first of it."""
MEASURED = METRICS | {
    "pr_auc": 0.44,
    "calibration_error": 0.02,
    "base_rate": 0.2,
    "dossiers": 500,
    "positives": 100,
    "intervals": {"roc_auc": [0.71, 0.78]},
    "reasons": {},
}


def a_version(name: str = "20260101000000", **fields: Any) -> ModelVersion:
    """A version with a card, and an artefact that has nothing to do with it."""
    values = {
        "algorithm": "random_forest",
        "digest": "d",
        "metrics": METRICS,
        "features": FEATURES,
        "importance": [{"feature": "appointments_count", "importance": 0.7}, {"feature": "source", "importance": 0.3}],
    }
    return give_artefact(ModelVersion.objects.create(version=name, **values | fields))


def a_training_run(**fields: Any) -> TrainingRun:
    """A run over the last half year, queued unless said otherwise."""
    now = datetime.now(timezone.utc)
    return TrainingRun.objects.create(**{"since": now - timedelta(days=183), "as_of": now} | fields)
