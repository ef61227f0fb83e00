"""Storing predictions, and the current scores that follow from them, in one statement whatever their number."""

from __future__ import annotations

from collections.abc import Sequence

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
MADE = f"""
WITH given AS (
    SELECT * FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in GIVEN.items())})
        WITH ORDINALITY AS given ({", ".join(GIVEN)}, position)
), made AS (
    INSERT INTO ml_prediction (
        org_id, dossier_id, predicted_at, as_of, method, model_version, conversion_probability, probability_low,
        probability_high, confidence, base_probability, recommended_action, vector, experiment_id, variant
    )
    SELECT org_id, dossier_id, predicted_at, as_of, method, model_version, conversion_probability, probability_low,
           probability_high, confidence, base_probability, recommended_action, vector::jsonb, experiment_id, variant
    FROM given ORDER BY position
    RETURNING id, dossier_id
)
"""  # noqa: S608 - our own words
CURRENT = """
, current AS (
    INSERT INTO lead_score AS score (
        dossier_id, org_id, probability, confidence, expected_value, action, method, model_version, prediction_id,
        scored_at
    )
    SELECT dossier_id, org_id, conversion_probability, confidence, conversion_probability * worth, recommended_action,
           method, model_version, made.id, predicted_at
    FROM given JOIN made USING (dossier_id)
    ON CONFLICT (dossier_id) DO UPDATE SET
        org_id = excluded.org_id, probability = excluded.probability, confidence = excluded.confidence,
        expected_value = excluded.expected_value, action = excluded.action, method = excluded.method,
        model_version = excluded.model_version, prediction_id = excluded.prediction_id, scored_at = excluded.scored_at
)
"""
NUMBERS = "SELECT id FROM made"
TYPES = {name: f"{kind}[]" for name, kind in GIVEN.items()}
STORE, STORE_AS_CURRENT = Prepared(MADE + NUMBERS, TYPES), Prepared(MADE + CURRENT + NUMBERS, TYPES)


def store(predictions: Sequence[Prediction], worths: Sequence[float | None] | None = None) -> None:
    """Stores predictions and tells them their numbers.

    With `worths` (what each lead is worth if it converts, where known) they also become their leads' current scores;
    no lead may stand in two of them.
    """
    if not predictions:
        return
    columns = [*_columns(predictions), list(worths or [None] * len(predictions))]
    statement = STORE if worths is None else STORE_AS_CURRENT
    numbers = statement.rows(dict(zip(GIVEN, columns, strict=True)))
    for prediction, (number,) in zip(predictions, numbers, strict=True):
        prediction.pk = number


def _columns(predictions: Sequence[Prediction]) -> list[list[object]]:
    rows = [
        (
            each.org_id,
            each.dossier_id,
            each.predicted_at,
            each.as_of,
            each.method,
            each.model_version,
            each.conversion_probability,
            each.probability_low,
            each.probability_high,
            each.confidence,
            each.base_probability,
            each.recommended_action,
            orjson.dumps(each.vector).decode(),
            each.experiment_id,
            each.variant,
        )
        for each in predictions
    ]
    return [list(column) for column in zip(*rows, strict=True)]
