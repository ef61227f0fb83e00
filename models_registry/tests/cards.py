"""Versions and runs with a card to look at, and nothing learnt behind it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

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
