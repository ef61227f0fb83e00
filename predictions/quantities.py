"""How quantities are said: counts, spans, shares and points. Pure."""

from __future__ import annotations


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
