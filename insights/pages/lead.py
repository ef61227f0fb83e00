"""All of one lead: what to do with it, why, what happened to it, and how its score came to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from insights import figures, words
from insights.figures import Figure
from leads.features import Kind
from leads.models import Appointment, Direction, Dossier, Event, LeadAttribute, Message, Organisation, Outcome, Property
from leads.tables.dossier import LeadStatusChange
from predictions.change import Change, between
from predictions.explaining import kinds_by_version, reasons_for
from predictions.models import Prediction
from predictions.reasons import Reason, label_of, shown

MOST_HAPPENINGS, MOST_PREDICTIONS = 40, 30


@dataclass(frozen=True)
class Happening:
    """One entry of the timeline; `tone` is a class of the style sheet."""

    at: datetime
    what: str
    tone: str
    note: str = ""


@dataclass(frozen=True)
class Contribution:
    """One line of the table of contributions."""

    label: str
    shown: str
    is_known: bool
    part: float


@dataclass(frozen=True)
class Judged:
    """The newest prediction and what is drawn and said of it."""

    prediction: Prediction
    action: words.Action
    speaks_for: list[Reason]
    speaks_against: list[Reason]
    contributions: list[Contribution]
    waterfall: Figure


@dataclass(frozen=True)
class LeadPage:
    """What the page of a lead shows."""

    lead: Dossier
    age: str
    outcome: Outcome | None
    judged: Judged | None
    change: Change | None
    """From the prediction before the newest to the newest."""
    history: list[tuple[Prediction, words.Action]]
    timeline: list[Happening]
    facts: list[tuple[str, str]]


def lead_page(org: Organisation, lead: Dossier) -> LeadPage:
    """All of it, in a fixed number of statements."""
    stored = list(Prediction.objects.of_dossier(lead)[:MOST_PREDICTIONS])
    return LeadPage(
        lead=lead,
        age=words.age((org.now() - lead.created_at) / timedelta(days=1)),
        outcome=Outcome.objects.current().filter(dossier=lead).first(),
        judged=_judged(org.org_id, stored[0]) if stored else None,
        change=_change(org.org_id, lead, stored),
        history=[(row, words.action_of(row.recommended_action)) for row in stored],
        timeline=timeline(lead),
        facts=_facts(lead),
    )


def _judged(org_id: str, newest: Prediction) -> Judged:
    kinds = kinds_by_version(org_id, [newest.model_version]).get(newest.model_version, {})
    reasons = reasons_for(org_id, [newest])[0]
    base_name = "Average lead" if newest.model_version else "Before any points"
    return Judged(
        prediction=newest,
        action=words.action_of(newest.recommended_action, newest.conversion_probability),
        speaks_for=[reason for reason in reasons if reason.raises],
        speaks_against=[reason for reason in reasons if not reason.raises],
        contributions=_contributions(newest.vector, kinds),
        waterfall=figures.waterfall(
            newest.base_probability, newest.vector, newest.conversion_probability, kinds=kinds, base_name=base_name
        ),
    )


def _change(org_id: str, lead: Dossier, stored: Sequence[Prediction]) -> Change | None:
    if len(stored) < 2:
        return None
    return between(org_id=org_id, dossier=lead, start=stored[1], end=stored[0])


def _contributions(vector: Sequence[Sequence[Any]], kinds: Mapping[str, Kind]) -> list[Contribution]:
    return [
        Contribution(label_of(name), shown(name, value, kinds.get(name)), value is not None, part)
        for name, value, part in vector
    ]


def timeline(lead: Dossier) -> list[Happening]:
    """The latest that happened to the lead, newest first."""
    found = [*_messages(lead), *_appointments(lead), *_events(lead), *_steps(lead), *_outcomes(lead)]
    found.append(Happening(lead.created_at, "Lead created", "created", f"from {lead.source}" if lead.source else ""))
    return sorted(found, key=lambda happening: happening.at, reverse=True)[:MOST_HAPPENINGS]


def _messages(lead: Dossier) -> Iterator[Happening]:
    for row in Message.objects.filter(dossier=lead).order_by("-occurred_at")[:MOST_HAPPENINGS]:
        tone, what = _spoken(row.direction, "Message")
        yield Happening(row.occurred_at, what, tone)


def _spoken(direction: str | None, what: str) -> tuple[str, str]:
    if direction == Direction.INBOUND:
        return "inbound", f"{what} from the lead"
    return ("outbound", f"{what} to the lead") if direction == Direction.OUTBOUND else ("event", what)


def _appointments(lead: Dossier) -> Iterator[Happening]:
    for row in Appointment.objects.filter(dossier=lead).order_by("-occurred_at")[:MOST_HAPPENINGS]:
        note = f"for {row.scheduled_for:%Y-%m-%d}" if row.scheduled_for else ""
        yield Happening(row.occurred_at, "Appointment made", "appointment", note)


def _events(lead: Dossier) -> Iterator[Happening]:
    for row in Event.objects.filter(dossier=lead).order_by("-occurred_at")[:MOST_HAPPENINGS]:
        tone, what = _spoken(row.direction, row.kind.replace("_", " ").capitalize())
        yield Happening(row.occurred_at, what, tone)


def _steps(lead: Dossier) -> Iterator[Happening]:
    for row in LeadStatusChange.objects.filter(dossier=lead).order_by("-changed_at")[:MOST_HAPPENINGS]:
        note = f"was {row.from_status}" if row.from_status else ""
        yield Happening(row.changed_at, f"Status {row.to_status}", "step", note)


def _outcomes(lead: Dossier) -> Iterator[Happening]:
    for row in Outcome.objects.filter(dossier=lead).order_by("-occurred_at")[:MOST_HAPPENINGS]:
        what, tone = ("Converted", "won") if row.converted else ("Lost", "lost")
        yield Happening(row.occurred_at, what, tone, "corrected since" if row.superseded_at else "")


def _facts(lead: Dossier) -> list[tuple[str, str]]:
    """What is known of the lead now, as (name, value)."""
    core = [("Source", lead.source), ("Region", lead.region), ("Owner", lead.owner), ("Amount", _number(lead.amount))]
    estate = Property.objects.filter(dossier=lead).first()
    if estate is not None:
        core += [("Property", estate.city), ("Price", _number(estate.price))]
    known = LeadAttribute.objects.filter(dossier=lead).order_by("name", "-known_from").distinct("name")
    core += [(label_of(f"attributes.{row.name}"), _text(row.value)) for row in known if not row.name.startswith("@")]
    return [(name, text) for name, text in core if text]


def _number(value: float | None) -> str | None:
    return None if value is None else words.plain(value)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return words.plain(value) if isinstance(value, (int, float)) else value
