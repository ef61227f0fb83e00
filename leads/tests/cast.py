"""One cast for the tests of every room: small acts that make leads as intake leaves them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import count
from random import Random
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


def an_attribute(
    lead: Dossier, name: str, value: Any, known_from: datetime | None = None, **fields: Any
) -> LeadAttribute:
    """A named value, known with the lead unless said otherwise."""
    return LeadAttribute.objects.create(
        dossier=lead, org_id=lead.org_id, name=name, value=value, known_from=known_from or lead.created_at, **fields
    )


def an_outcome(lead: Dossier, converted: bool, at: datetime, **fields: Any) -> Outcome:
    """What became of a lead, known at once unless said otherwise."""
    values = {"recorded_at": at} | fields
    return Outcome.objects.create(dossier=lead, org_id=lead.org_id, converted=converted, occurred_at=at, **values)


def a_past(leads: int = 240, *, org_id: str = "default", until: datetime | None = None, seed: int = 4) -> list[Dossier]:
    """Leads of the last five months, most of them decided: who writes more converts more often. Bulk-made."""
    chance, until = Random(seed), until or datetime.now(timezone.utc)
    made = Dossier.objects.bulk_create(
        Dossier(
            org_id=org_id,
            number=900_000 + number,
            status="NEW",
            source=chance.choice(["website", "portal", "referral"]),
            created_at=until - DAY * 150 * (1 - number / leads),
            recorded_at=until - DAY * 150 * (1 - number / leads),
        )
        for number in range(leads)
    )
    keen = [chance.random() for _ in made]
    Message.objects.bulk_create(
        Message(
            dossier=lead,
            org_id=org_id,
            direction=way,
            occurred_at=lead.created_at + hours * HOUR,
            recorded_at=lead.created_at + hours * HOUR,
        )
        for lead, keenness in zip(made, keen, strict=True)
        for hours, way in enumerate(["INBOUND", "OUTBOUND"] * round(3 * keenness), start=1)
        if lead.created_at + hours * HOUR <= until
    )
    decided = [(lead, keenness, lead.created_at + 20 * DAY) for lead, keenness in zip(made, keen, strict=True)]
    Outcome.objects.bulk_create(
        Outcome(
            dossier=lead,
            org_id=org_id,
            converted=chance.random() < 0.1 + 0.6 * keenness,
            occurred_at=at,
            recorded_at=at,
        )
        for lead, keenness, at in decided
        if at <= until
    )
    return made
