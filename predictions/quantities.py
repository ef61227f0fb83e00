"""How quantities are said: counts, spans, shares and points. Pure."""

from __future__ import annotations

from collections.abc import Callable

from common.language import gettext as _
from common.language import ngettext, number

_COUNTED: dict[str, Callable[[float], str]] = {
    "minute": lambda n: ngettext("%s minute", "%s minutes", n),
    "hour": lambda n: ngettext("%s hour", "%s hours", n),
    "day": lambda n: ngettext("%s day", "%s days", n),
    "message": lambda n: ngettext("%s message", "%s messages", n),
    "appointment": lambda n: ngettext("%s appointment", "%s appointments", n),
    "event": lambda n: ngettext("%s event", "%s events", n),
    "new message": lambda n: ngettext("%s new message", "%s new messages", n),
    "new appointment": lambda n: ngettext("%s new appointment", "%s new appointments", n),
    "new event": lambda n: ngettext("%s new event", "%s new events", n),
}
_NONE: dict[str, Callable[[], str]] = {
    "minute": lambda: _("no minutes"),
    "hour": lambda: _("no hours"),
    "day": lambda: _("no days"),
    "message": lambda: _("no messages"),
    "appointment": lambda: _("no appointments"),
    "event": lambda: _("no events"),
}


def span(minutes: float) -> str:
    """A span of minutes, as one says it."""
    if minutes < 90:
        return counted(round(minutes), "minute")
    if minutes < 2880:
        return counted(round(minutes / 60), "hour")
    return counted(round(minutes / 1440), "day")


def counted(amount: float, word: str) -> str:
    """ "1 message", "3 messages", "no messages"; the words are those that stand above."""
    if amount == 0:
        return _NONE[word]()
    return _COUNTED[word](amount) % plain(amount)


def plain(value: float) -> str:
    """A number with thousands parted, and at most two decimals (three digits where it is small)."""
    if float(value).is_integer():
        return number(f"{int(value):,}")
    return number(f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.3g}")


def percent(share: float) -> str:
    """A probability or share as a person reads it: whole percent, and never a certainty that is not one."""
    points = 100 * share
    if 0 < points < 1:
        return _("<%s%%") % "1"
    return _(">%s%%") % "99" if 99 < points < 100 else _("%s%%") % f"{points:.0f}"


def points(part: float) -> str:
    """A part of a probability in percentage points, without its sign."""
    text = _points(part)
    return ngettext("%s point", "%s points", float(text)) % number(text)


def signed_points(part: float) -> str:
    """The same as a number with its sign: "+5", "−0.3", "0"."""
    text = _points(part)
    return "0" if float(text) == 0 else f"{'+' if part > 0 else '−'}{number(text)}"


def _points(part: float) -> str:
    size = abs(100 * part)
    return f"{size:.0f}" if round(size, 1) >= 1 else f"{size:.1f}"
