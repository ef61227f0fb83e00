"""How new what we know is: when each kind of record was told last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from leads.models import Organisation

MOST = 5_000
"""Of so many of the newest leads, at most, messages, appointments, events and scores are looked for."""
WEEK = timedelta(days=7)

# Each last moment is one step in an index for each of the newest leads.
LAST = """
WITH newest AS MATERIALIZED (
    SELECT id, created_at FROM dossier WHERE org_id = %(org_id)s AND created_at <= %(until)s
    ORDER BY created_at DESC LIMIT %(most)s)
SELECT count(*), max(n.created_at), count(*) FILTER (WHERE n.created_at > %(week)s),
       max(m.at), max(a.at), max(e.at), max(s.scored_at),
       (SELECT max(occurred_at) FROM lead_outcome
        WHERE org_id = %(org_id)s AND superseded_at IS NULL AND occurred_at <= %(until)s)
FROM newest n
CROSS JOIN LATERAL (SELECT max(created_at) AS at FROM message_entity
                    WHERE dossier_id = n.id AND created_at <= %(until)s) AS m
CROSS JOIN LATERAL (SELECT max(created_at) AS at FROM appointment_entity
                    WHERE dossier_id = n.id AND created_at <= %(until)s) AS a
CROSS JOIN LATERAL (SELECT max(occurred_at) AS at FROM lead_event
                    WHERE dossier_id = n.id AND occurred_at <= %(until)s) AS e
LEFT JOIN lead_score s ON s.dossier_id = n.id
"""


@dataclass(frozen=True)
class Freshness:
    """When each kind came last; None where none is known. `leads` were looked at, `this_week` of them are new."""

    leads: int
    this_week: int
    lead: datetime | None
    message: datetime | None
    appointment: datetime | None
    event: datetime | None
    outcome: datetime | None
    scored: datetime | None


def freshness_of(org: Organisation, at: datetime) -> Freshness:
    """As of a moment. One statement."""
    query: dict[str, Any] = {"org_id": org.org_id, "until": at, "week": at - WEEK, "most": MOST}
    with connection.cursor() as cursor:
        cursor.execute(LAST, query)
        leads, lead, week, message, appointment, event, scored, outcome = cursor.fetchone()
    return Freshness(leads, week, lead, message, appointment, event, outcome, scored)
