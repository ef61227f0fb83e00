"""What happened to a lead, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from insights import words
from leads.models import Appointment, Direction, Dossier, Event, Message, Outcome
from leads.tables.dossier import LeadStatusChange

MOST_HAPPENINGS = 40


@dataclass(frozen=True)
class Happening:
    """One entry of the timeline; `tone` is a class of the style sheet."""

    at: datetime
    what: str
    tone: str
    note: str = ""


def timeline(lead: Dossier) -> tuple[list[Happening], bool]:
    """The latest that happened to the lead, newest first, and whether there is more before."""
    found = [*_messages(lead), *_appointments(lead), *_events(lead), *_steps(lead), *_outcomes(lead)]
    found.append(Happening(lead.created_at, _("Lead created"), "created", _from(lead.source)))
    found.sort(key=lambda happening: happening.at, reverse=True)
    return found[:MOST_HAPPENINGS], len(found) > MOST_HAPPENINGS


def _from(source: str | None) -> str:
    return _("from %s") % source if source else ""


def _messages(lead: Dossier) -> Iterator[Happening]:
    for row in Message.objects.filter(dossier=lead).order_by("-occurred_at")[:MOST_HAPPENINGS]:
        tone, what = _spoken(row.direction, _("Message"))
        yield Happening(row.occurred_at, what, tone)


def _spoken(direction: str | None, what: str) -> tuple[str, str]:
    if direction == Direction.INBOUND:
        return "inbound", _("%(what)s from the lead") % {"what": what}
    if direction == Direction.OUTBOUND:
        return "outbound", _("%(what)s to the lead") % {"what": what}
    return "event", what


def _appointments(lead: Dossier) -> Iterator[Happening]:
    for row in Appointment.objects.filter(dossier=lead).order_by("-occurred_at")[:MOST_HAPPENINGS]:
        note = _("for %s") % date_format(timezone.localtime(row.scheduled_for), "j N Y") if row.scheduled_for else ""
        yield Happening(row.occurred_at, _("Appointment made"), "appointment", note)


def _events(lead: Dossier) -> Iterator[Happening]:
    for row in Event.objects.filter(dossier=lead).order_by("-occurred_at")[:MOST_HAPPENINGS]:
        tone, what = _spoken(row.direction, words.capital(row.kind.replace("_", " ")))
        yield Happening(row.occurred_at, what, tone)


def _steps(lead: Dossier) -> Iterator[Happening]:
    for row in LeadStatusChange.objects.filter(dossier=lead).order_by("-changed_at")[:MOST_HAPPENINGS]:
        note = _("was %s") % row.from_status if row.from_status else ""
        yield Happening(row.changed_at, _("Status %s") % row.to_status, "step", note)


def _outcomes(lead: Dossier) -> Iterator[Happening]:
    for row in Outcome.objects.filter(dossier=lead).order_by("-occurred_at")[:MOST_HAPPENINGS]:
        what, tone = (_("Converted"), "won") if row.converted else (_("Lost"), "lost")
        yield Happening(row.occurred_at, what, tone, _("corrected since") if row.superseded_at else "")
