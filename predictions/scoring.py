"""Scoring: assign a method to each lead, read the leads as of now, score the rows, store everything at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from experiments import assignment, exposures
from experiments.assignment import Assignment
from experiments.exposures import Seen
from leads import snapshots
from leads.catalogue import Snapshots, columns_of
from leads.features import Columns, Feature
from leads.models import Dossier, LeadScore, Organisation
from models_registry import scorers
from models_registry.learning.scores import Scores
from models_registry.scorers import Chosen
from predictions import monitoring, shadows, silent
from predictions.actions import Thresholds
from predictions.models import Prediction
from predictions.shadows import Shadowed
from predictions.vectors import columns_from, values_of

SCORE_FIELDS = (
    "org_id",
    "probability",
    "confidence",
    "expected_value",
    "action",
    "method",
    "model_version",
    "prediction_id",
    "scored_at",
)


@dataclass(frozen=True)
class Scored:
    """A prediction and the arm of the experiment it was made in."""

    prediction: Prediction
    assignment: Assignment


def score_leads(*, org_id: str, dossiers: Sequence[Dossier]) -> list[Scored]:
    """Scores leads of one organisation now, stores the predictions and current scores, and answers in their order."""
    org, predicted_at = Organisation.get(org_id), timezone.now()
    assignments = assignment.assign(org_id, dossiers)
    read = snapshots.take(org, [dossier.pk for dossier in dossiers], [moment_of(org, dossier) for dossier in dossiers])
    predictions = _score(org_id, dossiers, assignments, read, predicted_at)
    seen = silent.seen(predictions, assignments, dossiers, read, org.now())
    _store(dossiers, predictions, read, shadows.score(org_id, read), seen)
    return [Scored(*pair) for pair in zip(predictions, assignments, strict=True)]


def moment_of(org: Organisation, dossier: Dossier) -> datetime:
    """The moment as of which a lead is read now."""
    # A lead that the CRM dates into the future is read as it will be when it begins.
    return max(org.now(), dossier.created_at)


def _score(
    org_id: str, dossiers: Sequence[Dossier], assignments: Sequence[Assignment], read: Snapshots, predicted_at: datetime
) -> list[Prediction]:
    predictions: list[Prediction | None] = [None] * len(dossiers)
    for method in sorted({each.method for each in assignments}):
        chosen = scorers.for_method(org_id, method)
        rows = [row for row, each in enumerate(assignments) if each.method == method]
        columns = {name: column[rows] for name, column in columns_of(read, chosen.scorer.features).items()}
        made = predictions_from(org_id, chosen, columns, predicted_at)
        for row, prediction in zip(rows, made, strict=True):
            prediction.dossier = dossiers[row]
            prediction.experiment_id, prediction.variant = assignments[row].experiment_id, assignments[row].variant
            predictions[row] = prediction
    return [prediction for prediction in predictions if prediction is not None]


def predictions_from(org_id: str, chosen: Chosen, columns: Columns, predicted_at: datetime) -> list[Prediction]:
    """Unsaved predictions, one a row of the scorer's feature columns, without a lead."""
    scores = chosen.scorer.score(columns)
    values = [values_of(feature, columns[feature.name]) for feature in chosen.scorer.features]
    names = [feature.name for feature in chosen.scorer.features]
    limits = Thresholds(**chosen.thresholds)
    return [
        Prediction(
            org_id=org_id,
            predicted_at=predicted_at,
            as_of=predicted_at,
            method=chosen.method,
            model_version=chosen.version,
            vector=_vector(names, [column[row] for column in values], scores.contributions[row]),
            **_figures(scores, row, limits),
        )
        for row in range(len(scores.probability))
    ]


def _figures(scores: Scores, row: int, limits: Thresholds) -> dict[str, Any]:
    probability, low, high = (float(each[row]) for each in (scores.probability, scores.low, scores.high))
    confidence = 1.0 - (high - low)
    return {
        "conversion_probability": probability,
        "probability_low": low,
        "probability_high": high,
        "confidence": confidence,
        "base_probability": float(scores.base),
        "recommended_action": limits.action(probability, confidence),
    }


def _vector(names: Sequence[str], values: Sequence[Any], contributions: np.ndarray[Any, Any]) -> list[list[Any]]:
    parts = contributions.tolist()
    order = sorted(range(len(names)), key=lambda at: -abs(parts[at]))
    return [[names[at], values[at], parts[at]] for at in order]


def _store(
    dossiers: Sequence[Dossier],
    predictions: Sequence[Prediction],
    read: Snapshots,
    shadowed: Shadowed | None,
    seen: Sequence[Seen],
) -> None:
    moments: Sequence[datetime] = read.moment.tolist()
    for prediction, moment in zip(predictions, moments, strict=True):
        prediction.as_of = moment.replace(tzinfo=timezone.get_default_timezone())
    values = _values_at_stake(read)
    with transaction.atomic():
        Prediction.objects.bulk_create(predictions, batch_size=1000)
        shadows.keep(shadowed, predictions)
        exposures.record(seen)
        current = [_current(prediction, value) for prediction, value in zip(predictions, values, strict=True)]
        LeadScore.objects.bulk_create(
            current, update_conflicts=True, unique_fields=["dossier"], update_fields=SCORE_FIELDS, batch_size=1000
        )
    for prediction in predictions:
        count(prediction)


def _values_at_stake(read: Snapshots) -> list[float | None]:
    worth = np.where(np.isnan(read.property_price), read.amount, read.property_price)
    return [None if value != value else value for value in worth.tolist()]


def _current(prediction: Prediction, worth: float | None) -> LeadScore:
    probability = prediction.conversion_probability
    return LeadScore(
        dossier=prediction.dossier,
        org_id=prediction.org_id,
        probability=probability,
        confidence=prediction.confidence,
        expected_value=None if worth is None else probability * worth,
        action=prediction.recommended_action,
        method=prediction.method,
        model_version=prediction.model_version,
        prediction_id=prediction.pk,
        scored_at=prediction.predicted_at,
    )


def count(prediction: Prediction) -> None:
    """Tells Prometheus."""
    version = prediction.model_version or monitoring.RULES
    monitoring.PREDICTIONS.labels(version, prediction.method, prediction.recommended_action).inc()


@dataclass(frozen=True)
class Given:
    """What a caller's own features made: a prediction, and which features were missing."""

    prediction: Prediction
    imputed: list[str]


def score_features(*, org_id: str, chosen: Chosen, rows: Sequence[Mapping[str, Any]]) -> list[Given]:
    """Scores feature vectors that a caller holds, checked before by `problems_with`, and stores the predictions."""
    features = chosen.scorer.features
    columns = columns_from(features, rows)
    predictions = predictions_from(org_id, chosen, columns, timezone.now())
    Prediction.objects.bulk_create(predictions, batch_size=1000)
    for prediction in predictions:
        count(prediction)
    return [
        Given(prediction, [feature.name for feature in features if row.get(feature.name) is None])
        for prediction, row in zip(predictions, rows, strict=True)
    ]


def problems_with(features: Mapping[str, Feature], row: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a caller's feature vector, by feature; empty where nothing is."""
    found = {name: "is not a feature of the active model." for name in row if name not in features}
    for name, value in row.items():
        problem = features[name].problem_with(value) if name in features else None
        if problem:
            found[name] = problem
    return found
