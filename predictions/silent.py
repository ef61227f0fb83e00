"""Silent scoring in an experiment: what the methods of the other arms say of a lead that is new in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import structlog

from experiments.assignment import Assignment
from experiments.exposures import Recommendation, Seen
from leads.catalogue import Snapshots, columns_of
from models_registry import scorers
from models_registry.models import ModelVersion
from models_registry.scorers import Chosen
from predictions import monitoring
from predictions.models import Prediction
from predictions.side_by_side import said_by

log = structlog.get_logger(__name__)


def seen(
    predictions: Sequence[Prediction],
    assignments: Sequence[Assignment],
    read: Snapshots,
    at: datetime,
    *,
    known: Mapping[str, Chosen],
    active: ModelVersion | None,
) -> list[Seen]:
    """The leads that are in an experiment, and what every arm's method says of those that are new in it.

    What the answering method said is taken from the predictions; scorers that were used are taken from `known`, by
    method; `active` is the version that was active. Where another method fails, none of what was said of the lead is
    kept, and the answer goes out.
    """
    if all(each.experiment_id is None for each in assignments):
        return []
    org_id = predictions[0].org_id

    def chosen(method: str) -> Chosen:
        return known.get(method) or scorers.as_read(org_id, method, active=active)

    told = _told(chosen, assignments, predictions, read)
    return [
        Seen(prediction.dossier, assignment, at, told.get(row, ()))
        for row, (prediction, assignment) in enumerate(zip(predictions, assignments, strict=True))
        if assignment.experiment_id is not None and prediction.dossier is not None
    ]


def _told(
    chosen: Callable[[str], Chosen],
    assignments: Sequence[Assignment],
    predictions: Sequence[Prediction],
    read: Snapshots,
) -> dict[int, list[Recommendation]]:
    """What the methods say, in the order of the arms, by row."""
    new = [row for row, each in enumerate(assignments) if each.methods]
    if not new:
        return {}
    said = {(row, assignments[row].method): _given(predictions[row]) for row in new}
    try:
        for method in sorted({method for row in new for method in assignments[row].methods}):
            others = [row for row in new if method in assignments[row].methods and method != assignments[row].method]
            if others:
                said |= zip(((row, method) for row in others), _say(chosen(method), others, read), strict=True)
    except Exception as error:  # whatever it is, the answer goes out
        monitoring.SHADOW_ERRORS.labels(monitoring.SILENT).inc()
        log.error("silent_scoring_failed", error=type(error).__name__)
        return {}
    return {row: [said[row, method] for method in assignments[row].methods] for row in new}


def _given(prediction: Prediction) -> Recommendation:
    return Recommendation(prediction.conversion_probability, prediction.recommended_action)


def _say(chosen: Chosen, rows: Sequence[int], read: Snapshots) -> Iterable[Recommendation]:
    columns = {name: column[list(rows)] for name, column in columns_of(read, chosen.scorer.features).items()}
    return said_by(chosen, columns)
