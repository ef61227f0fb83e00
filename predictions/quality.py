"""A model's realised quality: what it predicted of leads, against what became of them within the horizon.

Only mature predictions are judged: those made at least a horizon ago. Of younger ones only the quick decisions are
known, which would bias the figures; of those, CBPE estimates what is to be expected. Each lead counts once a window, by
its first prediction in it. Times are the moments as of which a lead was read, so that organisations with historical
records are measured alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from django.db import connection

from common.serializers import iso
from leads import snapshots
from leads.catalogue import columns_of
from leads.labelled import History, histories
from leads.models import Organisation
from models_registry import artefacts
from models_registry.learning import cbpe
from models_registry.learning.realised import realised, series
from models_registry.models import ModelVersion
from predictions.judging import Judged, Predicted, judge, lives_of

WHOLE = 365
WINDOWS = (30, 90, WHOLE)
MOST_LEADS = 50_000
"""A window is measured on the newest leads, at most so many: one step in the index each, however many predictions."""
MOST_REHEARSED = 5_000
REHEARSED_AGE = timedelta(days=3)

# The first answer within the window for each of the newest leads: by dossier_org_created, then by
# ml_prediction_dossier_newest. Nothing is read as of a moment after it was made, but for leads dated into the future.
# Beside each, and in a row of its own where there is none, stands how many leads were looked at.
FIRST_SAID = """
WITH newest AS MATERIALIZED (
    SELECT id FROM dossier WHERE org_id = %(org_id)s AND created_at < %(until)s
    ORDER BY created_at DESC LIMIT %(most)s)
SELECT looked_at.leads, said.id, said.conversion_probability, said.as_of
FROM (SELECT count(*) AS leads FROM newest) AS looked_at
LEFT JOIN (
    SELECT d.id, first.conversion_probability, first.as_of
    FROM newest AS d
    CROSS JOIN LATERAL (
        SELECT conversion_probability, as_of FROM ml_prediction
        WHERE dossier_id = d.id AND predicted_at >= %(made_since)s AND as_of >= %(since)s AND as_of < %(until)s
          AND org_id = %(org_id)s AND method = 'ML' AND (%(version)s = '' OR model_version = %(version)s)
        ORDER BY predicted_at, id LIMIT 1) AS first) AS said ON true
ORDER BY said.id
"""


def realised_of(
    org: Organisation, version: str, *, days: int, at: datetime, made_since: datetime | None = None
) -> dict[str, Any]:
    """What a version ("": every model) said in the window of `days` that matured last: figures, and their series.

    With `made_since`, of what it said from then on alone. Two statements.
    """
    until = at - org.horizon
    since = until - timedelta(days=days)
    said, is_capped = first_said(org, version, since=since, until=until, made_since=made_since)
    return figures_of(judge(org, said, at=at)) | window_of(since, until, is_capped=is_capped)


def estimated_of(org: Organisation, version: str, *, days: int, at: datetime) -> dict[str, Any]:
    """What is to be expected of the leads scored in the last `days`, whose outcomes are pending. Two statements.

    All that were open when they were scored count, the quickly decided too: those still undecided are no longer the
    leads that were scored.
    """
    since = at - timedelta(days=min(days, org.horizon_days))
    said, is_capped = first_said(org, version, since=since, until=at + timedelta(microseconds=1))
    window = window_of(since, at, is_capped=is_capped)
    lives = lives_of(org, said.dossier, until=at)
    said = _open_of(said, lives)
    if len(said) == 0:
        return NOTHING_PENDING | window
    known = sum(lives[lead].decided_at is not None for lead in said.dossier.tolist())
    return cbpe.estimate(said.probability) | {"decided": known, "pending": len(said) - known, "reasons": {}} | window


def _open_of(said: Predicted, lives: Mapping[int, History]) -> Predicted:
    """Those that were undecided when it was said, without leads that were forgotten meanwhile."""
    moments = (moment.replace(tzinfo=timezone.utc) for moment in said.moment.tolist())
    found = [(lives.get(lead), moment) for lead, moment in zip(said.dossier.tolist(), moments, strict=True)]
    kept = [life is not None and (life.decided_at is None or life.decided_at > moment) for life, moment in found]
    rows = np.flatnonzero(kept)
    return Predicted(said.dossier[rows], said.probability[rows], said.moment[rows])


NOTHING_PENDING: dict[str, Any] = dict.fromkeys(
    ("base_rate", "roc_auc", "log_loss", "brier", "accuracy", "precision", "recall", "f1", "specificity")
)
NOTHING_PENDING |= {"n": 0, "decided": 0, "pending": 0, "threshold": 0.5, "reasons": {"all": "no_pending_predictions"}}


def rehearsed_of(org: Organisation, version: ModelVersion, *, at: datetime) -> dict[str, Any]:
    """What the version would have said of leads that came after those it learnt from, as they were at three days.

    Said afterwards, and of snapshots that hold nothing of later: for the time until its own predictions have matured.
    Measured like a holdout: on the leads before the first whose fate is open.
    """
    since = max(_end_of_learning(version), at - org.horizon - timedelta(days=WHOLE))
    settled = _settled(org, histories(org, since=since, until=at), at)
    unseen = [life for life in settled if life.created_at > since]
    said = _rehearse(org, version, unseen[-MOST_REHEARSED:])
    until = settled[-1].created_at + REHEARSED_AGE if settled else since
    window = window_of(since, until, is_capped=len(unseen) > MOST_REHEARSED)
    return figures_of(judge(org, said, at=at)) | window


def _settled(org: Organisation, lives: Sequence[History], at: datetime) -> list[History]:
    """Those, oldest first, that were undecided at three days and came before the first whose fate nobody knows yet."""
    censored = (life for life in lives if life.is_censored_at(life.created_at + REHEARSED_AGE, org.horizon, at))
    end = min((life.created_at for life in censored), default=at - REHEARSED_AGE)
    return [life for life in lives if life.created_at < end and life.was_open_at(life.created_at + REHEARSED_AGE)]


def _rehearse(org: Organisation, version: ModelVersion, lives: Sequence[History]) -> Predicted:
    moments = [life.created_at + REHEARSED_AGE for life in lives]
    dossiers = np.array([life.dossier for life in lives], dtype=np.int64)
    if not lives:
        return Predicted(dossiers, np.empty(0), snapshots.microseconds(moments))
    model = artefacts.load_to_score_leads(version)
    columns = columns_of(snapshots.take(org, dossiers.tolist(), moments), model.features)
    return Predicted(dossiers, model.score(columns, contributions=False).probability, snapshots.microseconds(moments))


def _end_of_learning(version: ModelVersion) -> datetime:
    """When the newest lead that it learnt from was created; where the card does not say, when it was made."""
    told = version.card.get("training", {}).get("created_to")
    return datetime.fromisoformat(told).replace(tzinfo=timezone.utc) if told else version.created_at


def first_said(
    org: Organisation, version: str, *, since: datetime, until: datetime, made_since: datetime | None = None
) -> tuple[Predicted, bool]:
    """What models said first of each lead as of [since, until), and whether only the newest leads were looked at.

    Of predictions made from `made_since` on. One statement.
    """
    query: dict[str, Any] = {"org_id": org.org_id, "version": version, "since": since, "until": until}
    query["made_since"] = max(since, made_since or since)
    with connection.cursor() as cursor:
        cursor.execute(FIRST_SAID, query | {"most": MOST_LEADS})
        rows = cursor.fetchall()
    is_capped, found = rows[0][0] >= MOST_LEADS, [row[1:] for row in rows if row[1] is not None]
    said = Predicted(
        np.array([row[0] for row in found], dtype=np.int64),
        np.array([row[1] for row in found], dtype=np.float64),
        snapshots.microseconds(row[2] for row in found),
    )
    return said, is_capped


def figures_of(judged: Judged) -> dict[str, Any]:
    """What was said against what happened, as a whole and over time. For shadow predictions just as for those given."""
    said = judged.said
    over_time = series(said.probability, judged.converted, said.moment)
    return realised(said.probability, judged.converted) | {"series": over_time}


def window_of(since: datetime, until: datetime, *, is_capped: bool) -> dict[str, Any]:
    """From when to when, and whether there were too many to take all."""
    return {"since": iso(since), "until": iso(until), "capped": is_capped}
