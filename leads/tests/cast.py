"""One cast for the tests of every room: small acts that make leads as intake leaves them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

from leads.models import Appointment, Dossier, Event, LeadAttribute, Message, Outcome, Property

MONDAY = datetime(2026, 6, 1, 9, 0, tzinfo=timezone.utc)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_numbers = count(1)


def a_lead(at: datetime = MONDAY, **fields: Any) -> Dossier:
    """A new lead, created at a moment."""
    number = fields.pop("number", None) or next(_numbers)
    return Dossier.objects.create(number=number, created_at=at, recorded_at=at, **{"status": "NEW", **fields})


def a_message(lead: Dossier, at: datetime, direction: str = "INBOUND", recorded_at: datetime | None = None) -> Message:
    """A message of a lead, known at once unless said otherwise."""
    return Message.objects.create(
        dossier=lead, org_id=lead.org_id, direction=direction, occurred_at=at, recorded_at=recorded_at or at
    )


def an_appointment(lead: Dossier, at: datetime) -> Appointment:
    """An appointment, made at a moment."""
    return Appointment.objects.create(dossier=lead, org_id=lead.org_id, occurred_at=at, recorded_at=at)


def an_event(lead: Dossier, at: datetime, kind: str = "page_view", **fields: Any) -> Event:
    """An event of its own kind."""
    return Event.objects.create(dossier=lead, org_id=lead.org_id, kind=kind, occurred_at=at, recorded_at=at, **fields)


def a_property(lead: Dossier, known_from: datetime | None = None, **fields: Any) -> Property:
    """The property that a lead is about, known with the lead unless said otherwise."""
    values = {"price": 250_000, "has_photos": True, "city": "Lyon"} | fields
    return Property.objects.create(dossier=lead, org_id=lead.org_id, known_from=known_from or lead.created_at, **values)


def an_attribute(lead: Dossier, name: str, value: Any, known_from: datetime | None = None, **fields: Any) -> LeadAttribute:
    """A named value, known with the lead unless said otherwise."""
    return LeadAttribute.objects.create(
        dossier=lead, org_id=lead.org_id, name=name, value=value, known_from=known_from or lead.created_at, **fields
    )


def an_outcome(lead: Dossier, converted: bool, at: datetime, **fields: Any) -> Outcome:
    """What became of a lead, known at once unless said otherwise."""
    values = {"recorded_at": at} | fields
    return Outcome.objects.create(dossier=lead, org_id=lead.org_id, converted=converted, occurred_at=at, **values)
