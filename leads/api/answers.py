"""What the doors of this room answer."""

from __future__ import annotations

import json
from typing import Any

from common.serializers import iso
from leads import bulk
from leads.intake import CURRENT_ATTRIBUTES
from leads.models import Dossier, ImportJob, LeadScore, Outcome, Property

CORE = ("status", "source", "source_score", "owner", "region", "amount")
EVENT_COUNTS = """
SELECT 'message', count(*) FROM message_entity WHERE dossier_id = %s HAVING count(*) > 0
UNION ALL SELECT 'appointment', count(*) FROM appointment_entity WHERE dossier_id = %s HAVING count(*) > 0
UNION ALL SELECT kind, count(*) FROM lead_event WHERE dossier_id = %s GROUP BY kind
"""


def find_lead(org_id: str, number: int) -> Dossier | None:
    """The organisation's lead of that number, with its property and score."""
    found: Dossier | None = Dossier.objects.of(org_id).filter(number=number).select_related("property", "score").first()
    return found


def lead_as_known(dossier: Dossier) -> dict[str, Any]:
    """A lead in the contract's words, as it is known now."""
    outcome = Outcome.objects.current().filter(dossier=dossier).first()
    return {
        "dossier_id": dossier.number,
        "org_id": dossier.org_id,
        "created_at": iso(dossier.created_at),
        **{name: getattr(dossier, name) for name in CORE},
        "property": _property(getattr(dossier, "property", None)),
        "attributes": _attributes(dossier),
        "events": dict(bulk.fetch(EVENT_COUNTS, dossier.pk, dossier.pk, dossier.pk)),
        "outcome": outcome and outcome.to_json(),
        "score": _score(getattr(dossier, "score", None)),
        "updated_at": iso(dossier.updated_at),
    }


def _property(home: Property | None) -> dict[str, Any] | None:
    return None if home is None else {"price": home.price, "has_photos": home.has_photos, "city": home.city}


def _attributes(dossier: Dossier) -> dict[str, Any]:
    rows = bulk.fetch(CURRENT_ATTRIBUTES, [dossier.pk])
    return {name: json.loads(value) for _, name, value, *_ in rows if value is not None}


def _score(score: LeadScore | None) -> dict[str, Any] | None:
    return None if score is None or score.probability is None else score.to_json()


def import_job(job: ImportJob, address: str) -> dict[str, Any]:
    """An import in the contract's words; `address` is where it is followed."""
    return {
        "id": str(job.pk),
        "status": job.status,
        "status_url": address,
        "rejects_url": f"{address}/rejects",
        "content": job.content,
        "filename": job.filename,
        "stage": job.stage,
        "progress": job.progress,
        "rows": job.rows,
        "accepted": job.accepted,
        "rejected": job.rejected,
        "messages": job.log,
        "error": job.error or None,
        "created_at": iso(job.created_at),
        "finished_at": iso(job.finished_at),
    }
