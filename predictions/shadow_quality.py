"""A shadow's realised quality, beside that of the answers that were given for the very same leads.

The active version's figures over the window are of other leads where the shadow began later, or failed now and then: to
compare two models one wants them on the same leads. Each lead counts once a window, by the first that the shadow said
of it, so that one that is scored every day weighs no more than one that is scored once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from leads import snapshots
from leads.models import Organisation
from models_registry.learning.realised import FIGURES, realised
from predictions.judging import Judged, Predicted, labels_of
from predictions.quality import MOST_LEADS, figures_of, window_of

GIVEN = ("leads", "expected", *FIGURES)
"""Figures of what was given; the leads, and what became of them, are the shadow's."""

# By ml_shadow_version_org; the prediction's own time finds its partition.
FIRST_SAID = """
SELECT dossier_id, probability, given, as_of FROM (
    SELECT DISTINCT ON (s.dossier_id)
        s.dossier_id, s.probability, p.conversion_probability AS given, s.as_of, s.predicted_at
    FROM ml_shadow_prediction s JOIN ml_prediction p ON p.id = s.prediction_id AND p.predicted_at = s.predicted_at
    WHERE s.org_id = %(org_id)s AND s.model_version = %(version)s
      AND s.predicted_at >= %(since)s AND s.as_of >= %(since)s AND s.as_of < %(until)s
    ORDER BY s.dossier_id, s.predicted_at, s.id) AS first
ORDER BY predicted_at DESC LIMIT %(most)s
"""


def shadow_of(org: Organisation, version: str, *, days: int, at: datetime) -> dict[str, Any]:
    """The shadow's figures in the window of `days` that matured last, and `given`: those of what was answered instead.

    Two statements.
    """
    until = at - org.horizon
    since = until - timedelta(days=days)
    said, given = _first_said(org, version, since=since, until=until)
    labels = labels_of(org, said.dossier, said.moment, at=at)
    known = np.array([label is not None for label in labels], dtype=bool)
    converted = np.array([label for label in labels if label is not None], dtype=bool)
    judged = Judged(Predicted(said.dossier[known], said.probability[known], said.moment[known]), converted)
    beside = realised(given[known], converted)
    figures = {name: beside[name] for name in GIVEN} | {"reasons": beside["reasons"]}
    return figures_of(judged) | {"given": figures} | window_of(since, until, is_capped=len(said) >= MOST_LEADS)


def _first_said(
    org: Organisation, version: str, *, since: datetime, until: datetime
) -> tuple[Predicted, NDArray[np.float64]]:
    """What the shadow said first of each lead in [since, until), and what was given, (n,)."""
    query: dict[str, Any] = {"org_id": org.org_id, "version": version, "since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(FIRST_SAID, query | {"most": MOST_LEADS})
        rows = cursor.fetchall()
    said = Predicted(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64),
        snapshots.microseconds(row[3] for row in rows),
    )
    return said, np.array([row[2] for row in rows], dtype=np.float64)
