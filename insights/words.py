"""What codes mean, in the words and the language of the person who reads the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.language import number
from predictions.actions import HIGH_PRIORITY, LOW_PRIORITY, MEDIUM_PRIORITY, NURTURE
from predictions.quantities import counted, percent, plain, points, signed_points, span

__all__ = [
    "ACTION",
    "ACTIONS",
    "ALGORITHMS",
    "CHECKS",
    "METHODS",
    "STAGES",
    "STATUSES",
    "TRIGGERS",
    "Action",
    "about",
    "action_of",
    "age",
    "band",
    "capital",
    "counted",
    "days_between",
    "duration",
    "money",
    "percent",
    "plain",
    "points",
    "signed_points",
    "span",
]


Words = str | Promise


@dataclass(frozen=True)
class Action:
    """A recommended action: its code, what to do, why, and the tone it is shown in (a class of the style sheet)."""

    code: str
    label: Words
    advice: Words
    tone: str
    is_unsure: bool = False
    """Whether only the lack of confidence stands against calling."""


ACTIONS = (
    Action(
        HIGH_PRIORITY, gettext_lazy("Call today"), gettext_lazy("Likely to convert, and we are sure of it."), "high"
    ),
    Action(MEDIUM_PRIORITY, gettext_lazy("Call this week"), gettext_lazy("More likely than not to convert."), "medium"),
    Action(
        NURTURE,
        gettext_lazy("Stay in touch"),
        gettext_lazy("May convert: a message now and then keeps it alive."),
        "nurture",
    ),
    Action(LOW_PRIORITY, gettext_lazy("Leave for now"), gettext_lazy("Unlikely to convert as things stand."), "low"),
)
ACTION = {action.code: action for action in ACTIONS}
LIKELY = 0.5
AGED = 2
"""From so many days on an age is a span: "5 days old", not "yesterday"."""
UNSURE = gettext_lazy("Likely to convert, but we are not sure: few leads were like it.")
UNSCORED = Action("", gettext_lazy("Not scored yet"), gettext_lazy("Score it to see what to do."), "none")


def action_of(code: str, probability: float = 0.0) -> Action:
    """The action of a code, with its reason for a lead of this probability.

    An unknown or empty code means that the lead is not scored.
    """
    action = ACTION.get(code, UNSCORED)
    return replace(action, advice=UNSURE, is_unsure=True) if code == NURTURE and probability >= LIKELY else action


METHODS = {"ML": gettext_lazy("the model"), "RULE_BASED": gettext_lazy("the rules")}
STATUSES = {
    "QUEUED": gettext_lazy("Waiting for a worker"),
    "RUNNING": gettext_lazy("Under way"),
    "SUCCEEDED": gettext_lazy("Done"),
    "FAILED": gettext_lazy("Failed"),
    "CANCELLED": gettext_lazy("Cancelled"),
}
STAGES = {
    "reading": gettext_lazy("reading the leads"),
    "preparing": gettext_lazy("preparing"),
    "splitting": gettext_lazy("choosing what to learn from"),
    "growing": gettext_lazy("learning"),
    "calibrating": gettext_lazy("calibrating"),
    "evaluating": gettext_lazy("measuring on leads that came later"),
    "explaining": gettext_lazy("finding what moves the scores"),
    "packing": gettext_lazy("writing the card"),
    "registering": gettext_lazy("comparing with the active version"),
    "leads": gettext_lazy("taking leads"),
    "events": gettext_lazy("taking events"),
}
TRIGGERS = {
    "API": gettext_lazy("the API"),
    "ADMIN": gettext_lazy("the admin"),
    "PAGE": gettext_lazy("the pages"),
    "COMMAND": gettext_lazy("the command line"),
    "SCHEDULE": gettext_lazy("the schedule"),
    "OUTCOMES": gettext_lazy("new outcomes"),
    "DRIFT": gettext_lazy("drift"),
    "CALIBRATION": gettext_lazy("calibration"),
}
CHECKS = {
    "schema": gettext_lazy("It reads back as it was written"),
    "leakage": gettext_lazy("It reads nothing that only the outcome tells"),
    "calibration": gettext_lazy("Its probabilities hold on newer leads"),
    "behaviour": gettext_lazy("A lead that answers more is not scored lower"),
    "labels": gettext_lazy("It counts with leads that are still undecided"),
    "gate": gettext_lazy("It is better than the active version"),
}
ALGORITHMS: dict[str, Words] = {
    "auto": gettext_lazy("Choose for me"),
    "random_forest": gettext_lazy("Random forest"),
    "logistic_regression": gettext_lazy("Logistic regression"),
    "hist_gradient_boosting": gettext_lazy("Gradient boosting (scikit-learn)"),
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "mlp": gettext_lazy("Neural network"),
    "ensemble": gettext_lazy("Ensemble of three"),
}


def age(since: datetime, now: datetime) -> str:
    """How long ago, by the viewer's calendar, as one says it: "today", "yesterday", "5 days", "3 weeks", "4 months"."""
    whole = days_between(since, now)
    if whole < 1:
        return _("today")
    if whole < 2:
        return _("yesterday")
    if whole < 21:
        return ngettext("%d day", "%d days", whole) % whole
    if whole < 70:
        return ngettext("%d week", "%d weeks", whole // 7) % (whole // 7)
    if whole < 730:
        return ngettext("%d month", "%d months", round(whole / 30.44)) % round(whole / 30.44)
    return ngettext("%d year", "%d years", whole // 365) % (whole // 365)


def days_between(since: datetime, now: datetime) -> int:
    """How many midnights of the viewer's have gone by: what came late yesterday came yesterday, not today."""
    return (timezone.localdate(now) - timezone.localdate(since)).days


def about(number: float) -> str:
    """An expected number: whole from ten on, else to a tenth."""
    return plain(round(number) if number >= 9.5 else round(number, 1))


def money(amount: float, currency: str = "") -> str:
    """An amount with the organisation's currency where it has named one: "250,000 EUR", "1,234.50 EUR"."""
    shown = plain(amount) if float(amount).is_integer() else number(f"{amount:,.2f}")
    return "\u00a0".join(filter(None, (shown.replace("-", "−"), currency)))


def band(low: float, high: float) -> str:
    """A band of probabilities: "70% and more", "less than 30%", "30% to 50%"."""
    if high >= 1:
        return _("%s and more") % percent(low)
    if low <= 0:
        return _("less than %s") % percent(high)
    return _("%(low)s to %(high)s") % {"low": percent(low), "high": percent(high)}


def duration(seconds: float) -> str:
    """How long a request takes: "25 ms", "1.5 s"."""
    if seconds == inf:
        return _("longer than any bound")
    return f"{plain(round(1000 * seconds, 1))} ms" if seconds < 1 else f"{plain(seconds)} s"


def capital(text: str) -> str:
    """A sentence's beginning: the rest stays as it is."""
    return text[:1].upper() + text[1:]
