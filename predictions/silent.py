"""What the methods of the arms not taken say of a lead that is new in an experiment: asked silently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from experiments.assignment import Assignment
from experiments.exposures import Said, Seen
from leads.catalogue import Snapshots, columns_of
from leads.models import Dossier
from models_registry import scorers
from predictions import monitoring
from predictions.actions import Thresholds
from predictions.models import Prediction

log = structlog.get_logger(__name__)


def seen(
    predictions: Sequence[Prediction],
    assignments: Sequence[Assignment],
    dossiers: Sequence[Dossier],
    read: Snapshots,
    at: datetime,
) -> list[Seen]:
    """The leads that are in an experiment, with what every arm's method says of those that are new in it.

    What was given is taken from the predictions; where another method fails, nothing is kept of the lead's methods,
    and the answer goes out all the same.
    """
    if all(each.experiment_id is None for each in assignments):
        return []
    told = _told(dossiers[0].org_id, assignments, predictions, read)
    return [
        Seen(dossier, assignment, at, told.get(row, ()))
        for row, (dossier, assignment) in enumerate(zip(dossiers, assignments, strict=True))
        if assignment.experiment_id is not None
    ]


def _told(
    org_id: str, assignments: Sequence[Assignment], predictions: Sequence[Prediction], read: Snapshots
) -> dict[int, list[Said]]:
    """What the methods say, in the order of the arms, by row."""
    new = [row for row, each in enumerate(assignments) if each.methods]
    if not new:
        return {}
    said = {(row, assignments[row].method): _given(predictions[row]) for row in new}
    try:
        for method in sorted({method for row in new for method in assignments[row].methods}):
            others = [row for row in new if method in assignments[row].methods and method != assignments[row].method]
            said |= {(row, method): each for row, each in zip(others, _say(org_id, method, others, read), strict=True)}
    except Exception as error:  # whatever it is, the answer goes out
        monitoring.SHADOW_ERRORS.labels(monitoring.SILENT).inc()
        log.error("silent_scoring_failed", error=type(error).__name__)
        return {}
    return {row: [said[row, method] for method in assignments[row].methods] for row in new}


def _given(prediction: Prediction) -> Said:
    return Said(prediction.conversion_probability, prediction.recommended_action)


def _say(org_id: str, method: str, rows: Sequence[int], read: Snapshots) -> Iterable[Said]:
    if not rows:
        return []
    chosen = scorers.for_method(org_id, method)
    columns = {name: column[list(rows)] for name, column in columns_of(read, chosen.scorer.features).items()}
    scores, limits = chosen.scorer.score(columns, contributions=False), Thresholds(**chosen.thresholds)
    pairs = zip(scores.probability.tolist(), scores.confidence.tolist(), strict=True)
    return [Said(probability, limits.action(probability, confidence)) for probability, confidence in pairs]
