"""Storing predictions, and the current scores that follow from them, in one statement whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

import orjson

from common.prepared import Prepared
from predictions.models import Prediction

COLUMNS = {
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
    "vector": "jsonb",
    "experiment_id": "bigint",
    "variant": "text",
}
"""What is stored of each prediction, and its type."""
GIVEN = COLUMNS | {"worth": "float8"}
# All rows as one JSON text: psycopg2 takes longer to write value after value than PostgreSQL to read that.
MADE = f"""
WITH given AS (
    SELECT * FROM ROWS FROM (
        json_to_recordset(%(rows)s) AS ({", ".join(f"{name} {kind}" for name, kind in GIVEN.items())})
    ) WITH ORDINALITY AS given ({", ".join(GIVEN)}, position)
), made AS (
    INSERT INTO ml_prediction ({", ".join(COLUMNS)})
    SELECT {", ".join(COLUMNS)} FROM given ORDER BY position
    RETURNING id, dossier_id
)
"""  # noqa: S608 - our own words
OVERTAKEN = """(
    score.scored_at > {at} AND score.scored_at < {at} + interval '5 minutes' AND score.scored_at <= clock_timestamp()
)"""
"""Whether what would become current was made before what is: it was read before, and stored after. No such thing is a
score of long after, or of the future: a clock was set back, or goes wrong."""
CURRENT = f"""
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
    WHERE {OVERTAKEN.format(at="excluded.scored_at")} IS NOT TRUE
)
"""  # noqa: S608 - our own words
NUMBERS = "SELECT id FROM made"
STORE, STORE_AS_CURRENT = (
    Prepared(statement, {"rows": "json"}) for statement in (MADE + NUMBERS, MADE + CURRENT + NUMBERS)
)
_values_of = attrgetter(*COLUMNS)


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
    statement = STORE if worths is None else STORE_AS_CURRENT
    worths = [None] * len(predictions) if worths is None else worths
    rows = [
        dict(zip(GIVEN, (*_values_of(each), worth), strict=True))
        for each, worth in zip(predictions, worths, strict=True)
    ]
    numbers = statement.rows({"rows": orjson.dumps(rows).decode()}, meanwhile)
    for prediction, (number,) in zip(predictions, numbers, strict=True):
        prediction.pk = number
