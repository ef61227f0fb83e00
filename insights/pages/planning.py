"""How long an experiment would take: leads and days for the lift that is asked for, and for others beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments import planning
from experiments.planning import Planned, Traffic
from insights import words
from insights.experiment_forms import PlanForm
from insights.experiment_tables import Row
from insights.experiment_words import GOOD, WAITING, share, signed
from leads.models import Organisation

OTHERS = (0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class PlanPage:
    """What the page shows; `planned` is None where the form is not filled in as it should be."""

    own: Traffic
    planned: Planned | None = None
    sentence: str = ""
    because: str = ""
    tone: str = WAITING
    others: tuple[Row, ...] = ()
    query: str = ""
    """What the form for a new experiment is filled in with."""


def plan_page(org: Organisation, form: PlanForm) -> PlanPage:
    """By what the form says, and the organisation's own rate and traffic for what it does not. One statement."""
    at, is_valid = org.now(), form.is_valid()
    own = _own(org, form.cleaned_data.get("days") or PlanForm.base_fields["days"].initial, at)
    if not is_valid:
        return PlanPage(own)
    told = form.cleaned_data
    known = {"rate": told["rate"] or own.rate, "leads_per_day": told["per_day"] or own.leads_per_day}
    asked = form.asked()
    planned = planning.plan(**known, **asked)  # type: ignore[arg-type]
    lifts = sorted({*OTHERS, told["lift"]})
    return PlanPage(
        own,
        planned,
        _sentence(planned),
        _because(planned, told),
        GOOD if planned.days and not planned.warnings else WAITING,
        tuple(_row(lift, planning.plan(**known, **asked | {"lift": lift})) for lift in lifts),  # type: ignore[arg-type]
        urlencode({"planned": planned.leads or "", "treated": f"{100 * told['treated']:g}", "days": told["days"]}),
    )


def _own(org: Organisation, days: int, at: datetime) -> Traffic:
    return planning.traffic(org.org_id, attribution_days=days, population={}, at=at)


REASONS = {
    planning.NO_LEADS: lambda: _("Say how many leads come in a day, and how many convert: there are none to tell by."),
    planning.NO_CONVERSIONS: lambda: _("Say how many convert: none of the leads whose window is over has."),
    planning.BEYOND_CERTAINTY: lambda: _("That would have every lead convert: look for a smaller lift."),
    planning.TOO_MANY_LEADS: lambda: _("No number of leads would show that: look for a larger lift."),
}


def _sentence(planned: Planned) -> str:
    if planned.leads is None or planned.days is None:
        return REASONS[planned.reason or planning.NO_LEADS]()
    said = ngettext(
        "About %(days)s day, and %(leads)s leads.", "About %(days)s days, and %(leads)s leads.", planned.days
    )
    return said % {"days": words.plain(planned.days), "leads": words.plain(planned.leads)}


def _because(planned: Planned, told: dict[str, Any]) -> str:
    if planned.leads is None or planned.days is None or planned.days_to_enrol is None:
        return ""
    treated = round(planned.leads * told["treated"])
    said = _(
        "%(treated)s of them are scored the new way. At %(per_day)s leads a day they are in after %(enrol)s days; then "
        "the last ones have their %(window)s days. Looked at only once, at the end, %(once)s leads would do."
    )
    return said % {
        "treated": words.plain(treated),
        "per_day": words.about(planned.leads_per_day),
        "enrol": words.plain(planned.days_to_enrol),
        "window": told["days"],
        "once": "–" if planned.leads_otherwise is None else words.plain(planned.leads_otherwise),
    }


def _row(lift: float, planned: Planned) -> Row:
    unknown = planned.leads is None or planned.rate is None
    return (
        signed(lift),
        "–" if planned.rate is None else f"{share(planned.rate)} → {share(planned.rate * (1 + lift))}",
        "–" if unknown or planned.leads is None else words.plain(planned.leads),
        "–" if planned.days is None else words.plain(planned.days),
    )
