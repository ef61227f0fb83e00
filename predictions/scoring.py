"""Scoring: assign a method to each lead, read the leads as of now, score the rows, store everything at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any

from django.db import transaction
from django.utils import timezone

from common.arrays import Matrix
from experiments import assignment, exposures
from experiments.assignment import Assignment
from experiments.exposures import Seen
from leads import snapshots
from leads.catalogue import Snapshots, columns_of
from leads.features import Columns, Feature
from leads.models import Dossier
from models_registry import scorers
from models_registry.learning.scores import Scores
from models_registry.scorers import Chosen
from predictions import monitoring, shadows, silent
from predictions.actions import Thresholds
from predictions.models import Prediction
from predictions.shadows import Shadowed
from predictions.storing import store
from predictions.terms import Terms, moment_of, terms_of
from predictions.vectors import columns_from, rows_of, vectors_of


@dataclass(frozen=True)
class Fresh:
    """A prediction that was just made, and what made it."""

    prediction: Prediction
    chosen: Chosen
    encoded: Matrix | None
    """The row as the model's encoder has it, (1, columns); None of the rules."""


@dataclass(frozen=True)
class Scored(Fresh):
    """Of a lead, and the arm of the experiment it was made in."""

    assignment: Assignment


def score_leads(
    *,
    org_id: str,
    dossiers: Sequence[Dossier],
    terms: Terms | None = None,
    read: Snapshots | None = None,
    meanwhile: Callable[[list[Scored]], object] = lambda _: None,
) -> list[Scored]:
    """Scores leads of one organisation now, stores the predictions and current scores, and answers in their order.

    On `terms`, and what is known of them (`read`), where the caller has just read these; else they are read now.
    `meanwhile` is called with what is answered, while it is stored: the predictions have no numbers yet.
    """
    terms, predicted_at = terms or terms_of(org_id), timezone.now()
    org, assignments = terms.org, _assignments(terms, dossiers)
    if read is None:
        moments = [moment_of(org, dossier) for dossier in dossiers]
        read = snapshots.take(org, [dossier.pk for dossier in dossiers], moments)
    scored = _score(terms, dossiers, assignments, read, predicted_at)
    predictions = [each.prediction for each in scored]
    known = {each.assignment.method: each.chosen for each in scored}
    seen = silent.seen(predictions, assignments, read, org.now(), known=known, active=terms.active)
    _store(predictions, read, shadows.score(terms.shadow, read), seen, meanwhile=lambda: meanwhile(scored))
    return scored


def _assignments(terms: Terms, dossiers: Sequence[Dossier]) -> list[Assignment]:
    if not terms.is_experimenting:
        return [assignment.OUTSIDE] * len(dossiers)
    return assignment.assign(terms.org.org_id, dossiers)


def _score(
    terms: Terms,
    dossiers: Sequence[Dossier],
    assignments: Sequence[Assignment],
    read: Snapshots,
    predicted_at: datetime,
) -> list[Scored]:
    org_id, scored = terms.org.org_id, dict[int, Scored]()
    for method in sorted({each.method for each in assignments}):
        chosen = scorers.as_read(org_id, method, active=terms.active)
        rows = [row for row, each in enumerate(assignments) if each.method == method]
        columns = columns_of(read, chosen.scorer.features)
        if len(rows) < len(dossiers):
            columns = {name: column[rows] for name, column in columns.items()}
        scores = chosen.scorer.score(columns)
        made = _predictions(org_id, chosen, columns, scores, predicted_at)
        for at, (row, prediction) in enumerate(zip(rows, made, strict=True)):
            prediction.dossier = dossiers[row]
            prediction.experiment_id, prediction.variant = assignments[row].experiment_id, assignments[row].variant
            scored[row] = Scored(prediction, chosen, _row_of(scores, at), assignments[row])
    return [scored[row] for row in range(len(dossiers))]


def predictions_from(org_id: str, chosen: Chosen, columns: Columns, predicted_at: datetime) -> list[Prediction]:
    """Unsaved predictions, one a row of the scorer's feature columns, without a lead."""
    return _predictions(org_id, chosen, columns, chosen.scorer.score(columns), predicted_at)


def _predictions(
    org_id: str, chosen: Chosen, columns: Columns, scores: Scores, predicted_at: datetime
) -> list[Prediction]:
    names, limits = [feature.name for feature in chosen.scorer.features], Thresholds(**chosen.thresholds)
    vectors = vectors_of(names, rows_of(names, columns), scores.contributions)
    return [
        Prediction(
            org_id=org_id,
            predicted_at=predicted_at,
            as_of=predicted_at,
            method=chosen.method,
            model_version=chosen.version,
            stored_vector=vector,
            **_figures(scores, row, limits),
        )
        for row, vector in enumerate(vectors)
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


def _row_of(scores: Scores, row: int) -> Matrix | None:
    return None if scores.encoded is None else scores.encoded[row : row + 1]


def _store(
    predictions: Sequence[Prediction],
    read: Snapshots,
    shadowed: Shadowed | None,
    seen: Sequence[Seen],
    *,
    meanwhile: Callable[[], object],
) -> None:
    moments: Sequence[datetime] = read.moment.tolist()
    for prediction, moment in zip(predictions, moments, strict=True):
        prediction.as_of = moment.replace(tzinfo=timezone.get_default_timezone())
    # A single statement is a transaction by itself, so BEGIN and COMMIT are left out.
    with transaction.atomic() if shadowed or seen else contextlib.nullcontext():
        store(predictions, _worths(read), meanwhile=meanwhile)
        shadows.keep(shadowed, predictions)
        exposures.record(seen)
    for prediction in predictions:
        count(prediction)


def _worths(read: Snapshots) -> list[float | None]:
    return [None if worth != worth else worth for worth in read.worth.tolist()]


def count(prediction: Prediction) -> None:
    """Tells Prometheus."""
    version = monitoring.label_of(prediction.model_version)
    monitoring.PREDICTIONS.labels(version, prediction.method, prediction.recommended_action).inc()


@dataclass(frozen=True)
class Given(Fresh):
    """Of a caller's own features, and which of them were missing."""

    imputed: list[str]


def score_features(
    *,
    org_id: str,
    chosen: Chosen,
    rows: Sequence[Mapping[str, Any]],
    meanwhile: Callable[[list[Given]], object] = lambda _: None,
) -> list[Given]:
    """Scores feature vectors that a caller holds, checked before by `problems_with`, and stores the predictions.

    `meanwhile` is called as by `score_leads`.
    """
    features = chosen.scorer.features
    columns = columns_from(features, rows)
    scores = chosen.scorer.score(columns)
    predictions = _predictions(org_id, chosen, columns, scores, timezone.now())
    names = [feature.name for feature in features]
    made = [
        Given(prediction, chosen, _row_of(scores, at), list(compress(names, imputed)))
        for at, (prediction, imputed) in enumerate(zip(predictions, scores.imputed.tolist(), strict=True))
    ]
    store(predictions, meanwhile=lambda: meanwhile(made))
    for prediction in predictions:
        count(prediction)
    return made


def problems_with(features: Mapping[str, Feature], row: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a caller's feature vector, by feature; empty where nothing is."""
    found = {
        name: "is no feature of the model, or of the rules, by which this is scored."
        for name in row
        if name not in features
    }
    for name, value in row.items():
        problem = features[name].problem_with(value) if name in features else None
        if problem:
            found[name] = problem
    return found
