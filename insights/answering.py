"""How soon leads are answered, by how likely they are to convert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from leads.models import Organisation

SINCE = timedelta(days=30)
MOST = 2_000
BANDS = (0.0, 0.3, 0.5, 0.7)
"""Where each band of probability begins."""

# As the feature response_time_minutes: from the first message of the lead (from its creation where none came before)
# to the first message to it. One step in message_entity_dossier_at for each of the newest leads.
ANSWERED = """
SELECT width_bucket(s.probability, %(bands)s::float8[]) AS band, count(*), count(spoken.answered),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM spoken.answered - CASE
           WHEN spoken.asked < spoken.answered THEN spoken.asked ELSE d.created_at END) / 60)
FROM (SELECT id, created_at FROM dossier
      WHERE org_id = %(org_id)s AND created_at >= %(since)s AND created_at <= %(until)s
      ORDER BY created_at DESC LIMIT %(most)s) AS d
JOIN lead_score s ON s.dossier_id = d.id AND s.probability IS NOT NULL
CROSS JOIN LATERAL (
    SELECT min(m.created_at) FILTER (WHERE m.direction = 'INBOUND') AS asked,
           min(m.created_at) FILTER (WHERE m.direction = 'OUTBOUND') AS answered
    FROM message_entity m WHERE m.dossier_id = d.id) AS spoken
GROUP BY band
"""


@dataclass(frozen=True)
class Answered:
    """Leads of a band of probability: how many, how many were answered, and the median time to it in minutes."""

    low: float
    high: float
    leads: int
    answered: int
    minutes: float | None


def answered_by_band(org: Organisation, at: datetime) -> list[Answered]:
    """The leads created in the 30 days before `at`, the likeliest band first. One statement."""
    query: dict[str, Any] = {"org_id": org.org_id, "since": at - SINCE, "until": at, "most": MOST, "bands": list(BANDS)}
    with connection.cursor() as cursor:
        cursor.execute(ANSWERED, query)
        found = {band: (leads, answered, minutes) for band, leads, answered, minutes in cursor.fetchall()}
    ends = (*BANDS[1:], 1.0)
    bands = [(at + 1, low, ends[at]) for at, low in enumerate(BANDS)]
    return [Answered(low, high, *found[band]) for band, low, high in reversed(bands) if band in found]
