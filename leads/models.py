"""The tables of this room, gathered for Django."""

from leads.tables.dossier import USABLE, Availability, Dossier, LeadAttribute, LeadChange, LeadStatusChange, Property
from leads.tables.events import Appointment, Direction, Event, Message
from leads.tables.imports import ImportJob
from leads.tables.organisation import Organisation
from leads.tables.outcome import LeadScore, Origin, Outcome
from leads.tables.override import Override
from leads.tables.standing import Standing, StandingKind

__all__ = [
    "USABLE",
    "Appointment",
    "Availability",
    "Direction",
    "Dossier",
    "Event",
    "ImportJob",
    "LeadAttribute",
    "LeadChange",
    "LeadScore",
    "LeadStatusChange",
    "Message",
    "Organisation",
    "Origin",
    "Outcome",
    "Override",
    "Property",
    "Standing",
    "StandingKind",
]
