"""What codes mean, in the words of the person who reads the page. Pure: no Django."""

from __future__ import annotations

from dataclasses import dataclass, replace

from predictions.actions import HIGH_PRIORITY, LOW_PRIORITY, MEDIUM_PRIORITY, NURTURE


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


def span(minutes: float) -> str:
    """A span of minutes, as one says it."""
    if minutes < 90:
        return counted(round(minutes), "minute")
    if minutes < 2880:
        return counted(round(minutes / 60), "hour")
    return counted(round(minutes / 1440), "day")


def counted(number: float, word: str) -> str:
    """ "1 message", "3 messages", "no messages"."""
    if number == 0:
        return f"no {word}s"
    return f"{plain(number)} {word}" if number == 1 else f"{plain(number)} {word}s"


def plain(value: float) -> str:
    """A number with thousands parted, and at most two decimals (three digits where it is small)."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.3g}"


def percent(share: float) -> str:
    """A probability or share as a person reads it: whole percent, and never a certainty that is not one."""
    points = 100 * share
    if 0 < points < 1:
        return "<1%"
    return ">99%" if 99 < points < 100 else f"{points:.0f}%"


def points(part: float) -> str:
    """A part of a probability in percentage points, without its sign."""
    size = abs(100 * part)
    text = f"{size:.0f}" if round(size, 1) >= 1 else f"{size:.1f}"
    return f"{text} point" if text == "1" else f"{text} points"
