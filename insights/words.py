"""What codes mean, in the words of the person who reads the page. Pure: no Django."""

from __future__ import annotations

from dataclasses import dataclass, replace

from predictions.actions import HIGH_PRIORITY, LOW_PRIORITY, MEDIUM_PRIORITY, NURTURE
from predictions.quantities import counted, percent, plain, points, span

__all__ = [
    "ACTION",
    "ACTIONS",
    "METHODS",
    "STATUSES",
    "Action",
    "action_of",
    "age",
    "counted",
    "percent",
    "plain",
    "points",
    "span",
]


@dataclass(frozen=True)
class Action:
    """A recommended action: its code, what to do, why, and the tone it is shown in (a class of the style sheet)."""

    code: str
    label: str
    advice: str
    tone: str


ACTIONS = (
    Action(HIGH_PRIORITY, "Call today", "Likely to convert, and we are sure of it.", "high"),
    Action(MEDIUM_PRIORITY, "Call this week", "More likely than not to convert.", "medium"),
    Action(NURTURE, "Stay in touch", "May convert: a message now and then keeps it alive.", "nurture"),
    Action(LOW_PRIORITY, "Leave for now", "Unlikely to convert as things stand.", "low"),
)
ACTION = {action.code: action for action in ACTIONS}
LIKELY = 0.5
UNSURE = "Likely to convert, but we are not sure: few leads were like it."
UNSCORED = Action("", "Not scored yet", "Score it to see what to do.", "none")


def action_of(code: str, probability: float = 0.0) -> Action:
    """The action of a code, with its reason for a lead of this probability.

    An unknown or empty code means that the lead is not scored.
    """
    action = ACTION.get(code, UNSCORED)
    return replace(action, advice=UNSURE) if code == NURTURE and probability >= LIKELY else action


METHODS = {"ML": "the model", "RULE_BASED": "the rules"}
STATUSES = {
    "QUEUED": "Waiting for a worker",
    "RUNNING": "Under way",
    "SUCCEEDED": "Done",
    "FAILED": "Failed",
    "CANCELLED": "Cancelled",
}


def age(days: float) -> str:
    """A span of days, as one says it: "today", "yesterday", "5 days", "3 weeks", "4 months"."""
    whole = int(days)
    if whole < 1:
        return "today"
    if whole < 2:
        return "yesterday"
    if whole < 21:
        return f"{whole} days"
    if whole < 70:
        return f"{whole // 7} weeks"
    return f"{round(whole / 30.44)} months" if whole < 730 else f"{whole // 365} years"
