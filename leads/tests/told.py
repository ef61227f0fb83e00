"""What tests tell, and small questions about what came of it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from leads.importing.files import Source
from leads.importing.mapping_toml import read_mapping
from leads.importing.rejects import Rejects
from leads.importing.run import ImportSummary, import_files
from leads.intake import LeadCounts, add_events, put_leads
from leads.models import Dossier, Outcome
from leads.records import EventRecord, LeadRecord
from leads.tests.cast import MONDAY

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TABLES = (
    "dossier",
    "property",
    "lead_attribute",
    "lead_change",
    "lead_status_change",
    "lead_outcome",
    "message_entity",
    "appointment_entity",
    "lead_event",
    "organisation",
)


def utc(text: str) -> datetime:
    """An ISO time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def a_record(number: int = 42, **fields: Any) -> LeadRecord:
    """A lead as it is told, new on Monday unless said otherwise."""
    return LeadRecord(**{"number": number, "status": "NEW", "created_at": MONDAY, **fields})


def tell(*leads: LeadRecord, at: datetime = MONDAY, org_id: str = "default") -> LeadCounts:
    """Tells leads at a moment."""
    return put_leads(org_id=org_id, leads=leads, at=at, by="crm")


def happen(*events: EventRecord, org_id: str = "default") -> Any:
    """Tells events."""
    return add_events(org_id=org_id, events=events, at=MONDAY)


def the_lead(number: int = 42, org_id: str = "default") -> Dossier:
    """The lead of that number."""
    return Dossier.objects.get(org_id=org_id, number=number)


def outcomes_known_at(at: datetime) -> QuerySet[Outcome]:
    """The outcomes as they were known at a moment."""
    still = Q(superseded_at__isnull=True) | Q(superseded_at__gt=at)
    return Outcome.objects.filter(still, occurred_at__lte=at, recorded_at__lte=at)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of this room."""
    rows = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT {table}::text FROM {table} ORDER BY 1")
            rows[table] = cursor.fetchall()
    return rows


def write(folder: Path, name: str, *lines: str) -> Path:
    """A file of these lines."""
    path = folder / name
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def bring_in(
    mapping: str,
    *,
    leads: list[Path] | None = None,
    events: list[Path] | None = None,
    org_id: str = "default",
    dry_run: bool = False,
) -> tuple[ImportSummary, list[str]]:
    """Imports files; the summary, and the rejects as `line: reason`."""
    with Rejects() as rejects:
        summary = import_files(
            org_id=org_id,
            mapping=read_mapping(mapping),
            by="test",
            rejects=rejects,
            dry_run=dry_run,
            leads=[Source(path, path.name) for path in leads or []],
            events=[Source(path, path.name) for path in events or []],
        )
    return summary, [f"{reject['line']}: {reject['reason']}" for reject in rejects.first]
