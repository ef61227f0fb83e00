"""Scoring silently beside what is given: a shadow may fail, and harms nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from django.db import DatabaseError, transaction
from numpy.typing import NDArray

from leads.catalogue import Snapshots, columns_of
from models_registry import scorers
from models_registry.models import ModelVersion
from predictions import monitoring
from predictions.models import Prediction, ShadowPrediction

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Shadowed:
    """What a shadow version says of n leads."""

    version: str
    probability: NDArray[np.float64]


def score(shadow: ModelVersion | None, read: Snapshots) -> Shadowed | None:
    """What the organisation's shadow says of the same reading of the leads; None where there is none, or it fails."""
    if shadow is None:
        return None
    try:
        scorer = scorers.for_row(shadow).scorer
        probability = scorer.score(columns_of(read, scorer.features), contributions=False).probability
        return Shadowed(shadow.version, probability)
    except Exception as error:  # whatever it is, the answer goes out
        _failed(shadow.version, error)
        return None


def keep(shadowed: Shadowed | None, predictions: Sequence[Prediction]) -> None:
    """Stores it beside the predictions, inside the caller's transaction, which survives a failure."""
    if shadowed is None:
        return
    rows = [
        ShadowPrediction(
            org_id=prediction.org_id,
            dossier=prediction.dossier,
            prediction_id=prediction.pk,
            model_version=shadowed.version,
            probability=probability,
            predicted_at=prediction.predicted_at,
            as_of=prediction.as_of,
        )
        for prediction, probability in zip(predictions, shadowed.probability.tolist(), strict=True)
    ]
    try:
        with transaction.atomic():
            ShadowPrediction.objects.bulk_create(rows, batch_size=1000)
    except DatabaseError as error:
        _failed(shadowed.version, error)


def _failed(version: str, error: Exception) -> None:
    monitoring.SHADOW_ERRORS.labels(monitoring.label_of(version)).inc()
    log.error("shadow_failed", model_version=version, error=type(error).__name__)
