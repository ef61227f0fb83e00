"""Outcomes of decided leads, by the last recommendation before each was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from leads.models import Organisation

SINCE = timedelta(days=90)
BEFORE = timedelta(days=180)
"""A recommendation that is older when the lead is decided counts as none."""
MOST = 2_000
"""The newest decided leads, at most so many: one step in the index each."""
LATELY = timedelta(days=30)
"""Most were scored in so many days before: those months are looked into first, and others only for who was not."""

LAST_RECOMMENDED = """
SELECT said.recommended_action, count(*), count(*) FILTER (WHERE o.converted), sum(said.conversion_probability)
FROM (SELECT dossier_id, converted, occurred_at FROM lead_outcome
      WHERE org_id = %(org_id)s AND superseded_at IS NULL AND occurred_at >= %(since)s AND occurred_at <= %(until)s
      ORDER BY occurred_at DESC LIMIT %(most)s) AS o
CROSS JOIN LATERAL (
    (SELECT recommended_action, conversion_probability FROM ml_prediction
     WHERE dossier_id = o.dossier_id AND predicted_at >= o.occurred_at - %(lately)s AND as_of <= o.occurred_at
     ORDER BY predicted_at DESC LIMIT 1)
    UNION ALL
    (SELECT recommended_action, conversion_probability FROM ml_prediction
     WHERE dossier_id = o.dossier_id AND predicted_at < o.occurred_at - %(lately)s AND as_of <= o.occurred_at
       AND predicted_at >= %(earliest)s
     ORDER BY predicted_at DESC LIMIT 1)
    LIMIT 1) AS said
GROUP BY said.recommended_action
"""


@dataclass(frozen=True)
class Became:
    """Of the decided leads with one recommendation: how many, how many converted, and how many were to be expected."""

    action: str
    decided: int
    converted: int
    expected: float

    @property
    def rate(self) -> float:
        """The share that converted."""
        return self.converted / self.decided


def became_of(org: Organisation, at: datetime) -> dict[str, Became]:
    """The leads decided in the 90 days before `at`, by recommendation. One statement."""
    query: dict[str, Any] = {
        "org_id": org.org_id,
        "since": at - SINCE,
        "until": at,
        "earliest": at - SINCE - BEFORE,
        "lately": LATELY,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(LAST_RECOMMENDED, query)
        return {row[0]: Became(*row) for row in cursor.fetchall()}
