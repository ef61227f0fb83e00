"""Scoring a chunk of leads as arrays: read by COPY, scored without reasons, stored by COPY, in one transaction.

It stores what `scoring` would, but the vectors are packed and their reasons made when first asked for. Leads that are
in an experiment go through `scoring` itself, which also keeps their exposures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from common.arrays import Moments
from common.copying import EPOCH, Field, copied_out, copy_in
from experiments import assignment
from leads import snapshots
from leads.catalogue import Snapshots, columns_of
from leads.features import Columns
from leads.models import Dossier, LeadScore
from leads.tables.dossier import DossierQuerySet
from models_registry import scorers
from models_registry.learning.rules import Rules
from models_registry.learning.scores import Scores
from models_registry.scorers import Chosen
from predictions import monitoring, shadows
from predictions.actions import Thresholds
from predictions.models import PredictionBatch
from predictions.packing import packed
from predictions.scoring import score_leads
from predictions.shadows import Shadowed
from predictions.storing import OVERTAKEN
from predictions.terms import Terms, terms_of
from predictions.vectors import columns_from

KEYS = "SELECT nextval(pg_get_serial_sequence('ml_prediction', 'id')) FROM generate_series(1, %(n)s)"
CURRENT = """
CREATE TEMPORARY TABLE IF NOT EXISTS lead_score_now (
    dossier_id bigint, probability float8, confidence float8, expected_value float8, action varchar(16),
    prediction_id bigint) ON COMMIT DELETE ROWS
"""
# Current scores that are there are joined and updated: two thirds of what a conflict costs. By a merge, so in the order
# of keys: two who score the same leads wait for each other in one order.
UPDATE_CURRENT = f"""
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_nestloop = off;
ANALYZE lead_score_now;
UPDATE lead_score AS score
SET (org_id, probability, confidence, expected_value, action, method, model_version, prediction_id, scored_at) =
    (%(org_id)s, n.probability, n.confidence, nullif(n.expected_value, 'NaN'), n.action, %(method)s, %(version)s,
     n.prediction_id, %(at)s)
FROM lead_score_now n
WHERE score.dossier_id = n.dossier_id AND score.dossier_id BETWEEN %(lowest)s AND %(highest)s
  AND {OVERTAKEN.format(at="%(at)s")} IS NOT TRUE;
RESET enable_hashjoin;
RESET enable_nestloop
"""  # noqa: S608 - our own words
MAKE_CURRENT = f"""
INSERT INTO lead_score AS score (org_id, dossier_id, probability, confidence, expected_value, action, method,
                                 model_version, prediction_id, scored_at)
SELECT %(org_id)s, dossier_id, probability, confidence, nullif(expected_value, 'NaN'), action, %(method)s,
       %(version)s, prediction_id, %(at)s
FROM lead_score_now WHERE NOT EXISTS (
    SELECT FROM lead_score s WHERE s.dossier_id = lead_score_now.dossier_id
     AND s.dossier_id BETWEEN %(lowest)s AND %(highest)s
) ORDER BY dossier_id
ON CONFLICT (dossier_id) DO UPDATE SET (
    org_id, probability, confidence, expected_value, action, method, model_version, prediction_id, scored_at
) = (EXCLUDED.org_id, EXCLUDED.probability, EXCLUDED.confidence, EXCLUDED.expected_value, EXCLUDED.action,
     EXCLUDED.method, EXCLUDED.model_version, EXCLUDED.prediction_id, EXCLUDED.scored_at)
WHERE {OVERTAKEN.format(at="EXCLUDED.scored_at")} IS NOT TRUE
"""  # noqa: S608 - our own words


@transaction.atomic
def score_in_bulk(*, org_id: str, leads: DossierQuerySet) -> int:
    """Scores leads of the organisation now, and stores predictions and current scores; how many leads."""
    terms = terms_of(org_id)
    tested = _in_experiments(terms, leads)
    if tested:
        _lock_current(leads)
        score_leads(org_id=org_id, dossiers=tested, terms=terms)
    others = leads.exclude(pk__in=[lead.pk for lead in tested]) if tested else leads
    keys, created = _keys(others)
    if len(keys):
        _score(terms, keys, created)
    return len(tested) + len(keys)


def _keys(leads: DossierQuerySet) -> tuple[NDArray[np.int64], Moments]:
    """The leads' keys, and since when they exist."""
    sql, params = leads.order_by("pk").values_list("pk", "created_at").query.sql_with_params()
    with connection.cursor() as cursor:
        rows = copied_out(cursor, sql, params, ["key", "created"])
    return rows["key"].astype(np.int64), (rows["created"].astype(np.int64) + EPOCH).view("datetime64[us]")


def _in_experiments(terms: Terms, leads: DossierQuerySet) -> list[Dossier]:
    if not terms.is_experimenting:
        return []
    all_leads = list(leads)
    assignments = assignment.assign(terms.org.org_id, all_leads)
    return [lead for lead, each in zip(all_leads, assignments, strict=True) if each.experiment_id is not None]


def _lock_current(leads: DossierQuerySet) -> None:
    """Locks the current scores of all of them in the order of keys, as requests do: those in an experiment are stored
    before the others."""
    rows = LeadScore.objects.filter(dossier__in=leads).order_by("dossier").select_for_update(no_key=True)
    list(rows.values_list("dossier_id"))


def _score(terms: Terms, leads: NDArray[np.int64], created: Moments) -> None:
    org, at = terms.org, timezone.now()
    org_id, now = org.org_id, snapshots.microseconds([org.now()])
    read = snapshots.take(org, leads, np.maximum(now, created))
    chosen = scorers.as_read(org_id, assignment.DEFAULT_METHOD, active=terms.active)
    columns = columns_of(read, chosen.scorer.features)
    scores = chosen.scorer.score(columns, contributions=False)
    made = Made(org_id, chosen, columns, scores, _actions(chosen, scores), at)
    with connection.cursor() as cursor:
        keys = _store(cursor, made, {"dossier_id": read.dossier, "as_of": read.moment})
        _make_current(cursor, made, read, keys)
        _keep_shadow(cursor, made, shadows.score(terms.shadow, read), read, keys)
    _count(made)


@transaction.atomic
def score_features_in_bulk(
    *, org_id: str, chosen: Chosen, rows: Sequence[Mapping[str, Any]], contributions: bool
) -> tuple[Made, NDArray[np.int64]]:
    """Scores feature vectors that a caller holds, and stores the predictions, packed in any case; their keys, (n,)."""
    columns, at = columns_from(chosen.scorer.features, rows), timezone.now()
    scores = chosen.scorer.score(columns, contributions=contributions)
    made = Made(org_id, chosen, columns, scores, _actions(chosen, scores), at)
    with connection.cursor() as cursor:
        keys = _store(cursor, made, {"dossier_id": None, "as_of": at})
    _count(made)
    return made, keys


@dataclass(frozen=True)
class Made:
    """n scored rows: their features' columns, and what was made of them; arrays of length n."""

    org_id: str
    chosen: Chosen
    columns: Columns
    scores: Scores
    actions: NDArray[np.object_]
    at: datetime

    def by_action(self) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """Each recommended action with its rows."""
        for action in sorted(set(self.actions.tolist())):
            yield action, np.flatnonzero(self.actions == action)


def _actions(chosen: Chosen, scores: Scores) -> NDArray[np.object_]:
    return np.array(Thresholds(**chosen.thresholds).actions(scores), dtype=object)


def _count(made: Made) -> None:
    version = monitoring.label_of(made.chosen.version)
    for action, rows in made.by_action():
        monitoring.PREDICTIONS.labels(version, made.chosen.method, action).inc(len(rows))


def _store(cursor: Any, made: Made, whose: Mapping[str, Field]) -> NDArray[np.int64]:
    """Writes the predictions; their keys, (n,). Rows of one action have one width, so each action is a copy."""
    scores, features = made.scores, made.chosen.scorer.features
    vectors, words = packed(features, made.columns)
    keys = np.sort(copied_out(cursor, KEYS, {"n": len(vectors)}, ["id"])["id"].astype(np.int64))
    shared: dict[str, Field] = {
        "org_id": made.org_id,
        "predicted_at": made.at,
        "method": made.chosen.method,
        "model_version": made.chosen.version,
        "base_probability": np.array(scores.base),
        "variant": "",
        "batch_id": np.array(_batch(made, words).pk),
    }
    each: dict[str, Field] = {
        "id": keys,
        "conversion_probability": scores.probability,
        "probability_low": scores.low,
        "probability_high": scores.high,
        "confidence": scores.confidence,
        "packed": vectors,
        **whose,
    }
    for action, rows in made.by_action():
        mine = {name: field[rows] if isinstance(field, np.ndarray) else field for name, field in each.items()}
        copy_in(cursor, "ml_prediction", mine | shared | {"recommended_action": action})
    return keys


def _batch(made: Made, words: list[str]) -> PredictionBatch:
    scorer = made.chosen.scorer
    return PredictionBatch.objects.create(
        org_id=made.org_id,
        made_at=made.at,
        model_version=made.chosen.version,
        features=[feature.to_json() for feature in scorer.features],
        words=words,
        calibration=made.chosen.calibration,  # as it scored: what was live may have changed since
        rules=[asdict(rule) for rule in scorer.rules] if isinstance(scorer, Rules) else None,
    )


def _make_current(cursor: Any, made: Made, read: Snapshots, keys: NDArray[np.int64]) -> None:
    each = {
        "dossier_id": read.dossier,
        "probability": made.scores.probability,
        "confidence": made.scores.confidence,
        "expected_value": made.scores.probability * read.worth,
        "prediction_id": keys,
    }
    cursor.execute(CURRENT)
    for action, rows in made.by_action():
        mine: dict[str, Field] = {name: column[rows] for name, column in each.items()}
        copy_in(cursor, "lead_score_now", mine | {"action": action})
    told = {"org_id": made.org_id, "method": made.chosen.method, "version": made.chosen.version, "at": made.at}
    told |= {"lowest": int(read.dossier.min()), "highest": int(read.dossier.max())}  # type: ignore[dict-item]
    cursor.execute(UPDATE_CURRENT, told)
    cursor.execute(MAKE_CURRENT, told)
    cursor.execute("DELETE FROM lead_score_now")


def _keep_shadow(cursor: Any, made: Made, shadowed: Shadowed | None, read: Snapshots, keys: NDArray[np.int64]) -> None:
    if shadowed is None:
        return
    fields: dict[str, Field] = {
        "org_id": made.org_id,
        "dossier_id": read.dossier,
        "prediction_id": keys,
        "model_version": shadowed.version,
        "probability": shadowed.probability,
        "predicted_at": made.at,
        "as_of": read.moment,
    }
    copy_in(cursor, "ml_shadow_prediction", fields)
