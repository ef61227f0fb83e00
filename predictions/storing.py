"""Storing predictions, and the current scores that follow from them, in one statement whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson

from common.prepared import Prepared
from predictions.models import Prediction

GIVEN = {
    "org_id": "text",
    "dossier_id": "bigint",
    "predicted_at": "timestamptz",
    "as_of": "timestamptz",
    "method": "text",
    "model_version": "text",
    "conversion_probability": "float8",
    "probability_low": "float8",
    "probability_high": "float8",
    "confidence": "float8",
    "base_probability": "float8",
    "recommended_action": "text",
    "vector": "text",
    "experiment_id": "bigint",
    "variant": "text",
    "worth": "float8",
}
"""The columns that are given, and their types."""
ONE = f"""NOT MATERIALIZED (
    SELECT {", ".join(f"%({name})s::{kind} AS {name}" for name, kind in GIVEN.items())}, 1 AS position
)"""
"""What is given for one row: most often it is one, and as constants PostgreSQL and its driver are done sooner."""
MANY = f"""(
    SELECT * FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in GIVEN.items())})
        WITH ORDINALITY AS given ({", ".join(GIVEN)}, position)
)"""  # noqa: S608 - our own words
MADE = """
, made AS (
    INSERT INTO ml_prediction (
        org_id, dossier_id, predicted_at, as_of, method, model_version, conversion_probability, probability_low,
        probability_high, confidence, base_probability, recommended_action, vector, experiment_id, variant
    )
    SELECT org_id, dossier_id, predicted_at, as_of, method, model_version, conversion_probability, probability_low,
           probability_high, confidence, base_probability, recommended_action, vector::jsonb, experiment_id, variant
    FROM given ORDER BY position
    RETURNING id, dossier_id
)
"""
CURRENT = """
, current AS (
    INSERT INTO lead_score AS score (
        dossier_id, org_id, probability, confidence, expected_value, action, method, model_version, prediction_id,
        scored_at
    )
    SELECT dossier_id, org_id, conversion_probability, confidence, conversion_probability * worth, recommended_action,
           method, model_version, made.id, predicted_at
    FROM given JOIN made USING (dossier_id) ORDER BY dossier_id
    ON CONFLICT (dossier_id) DO UPDATE SET
        org_id = excluded.org_id, probability = excluded.probability, confidence = excluded.confidence,
        expected_value = excluded.expected_value, action = excluded.action, method = excluded.method,
        model_version = excluded.model_version, prediction_id = excluded.prediction_id, scored_at = excluded.scored_at
)
"""
NUMBERS = "SELECT id FROM made"
ARRAYS = {name: f"{kind}[]" for name, kind in GIVEN.items()}


def _storing(given: str, types: Mapping[str, str]) -> tuple[Prepared, Prepared]:
    start = f"WITH given AS {given}{MADE}"
    return Prepared(start + NUMBERS, types), Prepared(start + CURRENT + NUMBERS, types)


STORE_ONE, STORE_MANY = _storing(ONE, GIVEN), _storing(MANY, ARRAYS)
"""Each twice: without and with current scores."""


def store(
    predictions: Sequence[Prediction],
    worths: Sequence[float | None] | None = None,
    *,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Stores predictions and tells them their numbers; `meanwhile` is done in the time that PostgreSQL takes.

    With `worths` (what each lead is worth if it converts, where known) they also become their leads' current scores;
    no lead may stand in two of them.
    """
    if not predictions:
        return
    is_current = worths is not None
    worths = [None] * len(predictions) if worths is None else worths
    rows = [(*_row(each), worth) for each, worth in zip(predictions, worths, strict=True)]
    if len(rows) == 1:
        statement, given = STORE_ONE[is_current], rows[0]
    else:
        statement, given = STORE_MANY[is_current], tuple(map(list, zip(*rows, strict=True)))
    numbers = statement.rows_meanwhile(dict(zip(GIVEN, given, strict=True)), meanwhile)
    for prediction, (number,) in zip(predictions, numbers, strict=True):
        prediction.pk = number


def _row(prediction: Prediction) -> tuple[object, ...]:
    return (
        prediction.org_id,
        prediction.dossier_id,
        prediction.predicted_at,
        prediction.as_of,
        prediction.method,
        prediction.model_version,
        prediction.conversion_probability,
        prediction.probability_low,
        prediction.probability_high,
        prediction.confidence,
        prediction.base_probability,
        prediction.recommended_action,
        orjson.dumps(prediction.vector).decode(),
        prediction.experiment_id,
        prediction.variant,
    )
