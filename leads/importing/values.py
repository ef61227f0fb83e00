"""Cells as values. Each reader takes a cell (text, or what JSON gave) and raises RowProblem where it cannot be read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from common.serializers import EARLIEST, LATEST, MAX_ID
from leads.records import MAX_NUMBER, Scalar, problem_with_value

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"[+-]?\d{1,400}")
CODE = re.compile(r"[+-]?0\d.*")
SAFE_DIGITS = 19
EXACT_BELOW = 2.0**53
"""From here on, a float may stand for several whole numbers."""
FIRST_YEAR, LAST_YEAR = EARLIEST.year, LATEST.year
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
TRUTHS = {"true": True, "yes": True, "y": True, "t": True, "false": False, "no": False, "n": False, "f": False}
EXAMPLE = datetime(2026, 3, 31, 14, 30, tzinfo=UTC)
WORDS_OF_TRUTH = {**TRUTHS, "1": True, "0": False}


class RowProblem(Exception):
    """Why a row cannot be taken."""


def number(cell: Any, decimal: str = ".") -> float | int:
    """A finite number."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        value: float | int = cell
    else:
        text = pointed(cell.strip(), decimal) if isinstance(cell, str) else ""
        if not NUMBER.fullmatch(text):
            raise RowProblem(f"{shown(cell)} is not a number")
        value = int(text) if WHOLE.fullmatch(text) else float(text)
    if not -MAX_NUMBER < value < MAX_NUMBER:
        raise RowProblem(f"{shown(cell)} is too large a number")
    return value


def pointed(words: str, decimal: str) -> str:
    """A number's text with a point for its decimal sign. Where that is a comma, a point parts thousands, and what has
    one is left out: 250.000 is not 250."""
    if decimal == ".":
        return words
    return "" if "." in words else words.replace(decimal, ".")


def truth(cell: Any) -> bool:
    """Yes or no, true or false, 1 or 0."""
    if isinstance(cell, bool):
        return cell
    found = WORDS_OF_TRUTH.get(str(cell).strip().casefold())
    if found is None:
        raise RowProblem(f"{shown(cell)} is neither yes nor no")
    return found


def text(cell: Any) -> str:
    """A text that can be an attribute's value."""
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        raise RowProblem(f"{shown(cell)} is not a text")
    value = str(cell).strip()
    problem = problem_with_value(value)
    if problem:
        raise RowProblem(f"{shown(cell)}: {problem}")
    return value


def spelled(cell: Any) -> str:
    """A text, in a column of many kinds: a truth value of JSON is a word there, as JSON writes it."""
    return text(json.dumps(cell) if isinstance(cell, bool) else cell)


def identity(cell: Any) -> int:
    """A lead's number: a positive 64-bit integer. What a spreadsheet has rounded (5.53E+10) would be another lead's."""
    if cell is None or cell == "":
        raise RowProblem("the lead's number is missing")
    is_plain = isinstance(cell, str) and cell.isdecimal() and cell.isascii() and len(cell) < SAFE_DIGITS
    if is_plain and (found := int(cell)):
        return found
    try:
        value = number(cell)
    except RowProblem:
        value = 0
    is_rounded = (isinstance(value, float) and value >= EXACT_BELOW) or (isinstance(cell, str) and "e" in cell.lower())
    if is_rounded or value != int(value) or not 0 < value <= MAX_ID:
        raise RowProblem(f"{shown(cell)} is not a lead's number (a positive whole number)")
    return int(value)


def moments(form: str, zone: ZoneInfo) -> Callable[[Any], datetime]:
    """A reader of instants: `form` is `iso`, `epoch`, `epoch_ms` or a strptime format; without an offset, in `zone`."""

    def read(cell: Any) -> datetime:
        if cell is None or cell == "":
            raise RowProblem("the time is missing")
        try:
            moment = _instant(cell, form, zone)
            inside = FIRST_YEAR <= moment.year < LAST_YEAR
        except (ValueError, OverflowError, OSError, RowProblem):
            raise RowProblem(f"{shown(cell)} is not a time of the form {example_of(form)}") from None
        if not inside:
            raise RowProblem(f"{shown(cell)} does not lie between the years 1900 and 2200")
        return moment

    return read


def example_of(form: str) -> str:
    """A moment as that form writes it, which says more than what the form is called."""
    if form in ("epoch", "epoch_ms"):
        return str(int(EXAMPLE.timestamp()) * (1000 if form == "epoch_ms" else 1))
    return EXAMPLE.strftime("%Y-%m-%dT%H:%M:%SZ" if form == "iso" else form)


def _instant(cell: Any, form: str, zone: ZoneInfo) -> datetime:
    if form in ("epoch", "epoch_ms"):
        return datetime.fromtimestamp(float(number(cell)) / (1000 if form == "epoch_ms" else 1), UTC)
    moment = parsed(cell, form)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def parsed(cell: Any, form: str) -> datetime:
    """A time of that form, with an offset or without. Raises ValueError."""
    if not isinstance(cell, str):
        raise ValueError(cell)
    if form == "iso":
        return datetime.fromisoformat(cell.strip())
    return datetime.strptime(cell.strip(), form)  # noqa: DTZ007 - the caller knows the zone


def dates(form: str) -> Callable[[Any], str]:
    """A reader of dates as attributes: ISO texts, which the feature catalogue reads as dates."""

    def read(cell: Any) -> str:
        try:
            moment = parsed(cell, form)
        except ValueError:
            told = EXAMPLE.date().isoformat() if form == "iso" else example_of(form)
            raise RowProblem(f"{shown(cell)} is not a date of the form {told}") from None
        is_day = moment.tzinfo is None and (moment.hour, moment.minute, moment.second, moment.microsecond) == (0,) * 4
        return moment.date().isoformat() if is_day else moment.isoformat()

    return read


def duration(words: str) -> timedelta:
    """`90s`, `10m`, `1.5h`, `3d`, `2w`. Raises ValueError for anything else, and for what no clock can hold."""
    found = DURATION.fullmatch(words.strip())
    if not found:
        raise ValueError(f"{words!r} is not a duration like 90s, 10m, 1.5h, 3d or 2w")
    try:
        return timedelta(seconds=float(found[1]) * UNITS[found[2]])
    except OverflowError:
        raise ValueError(f"{words!r} is too long a duration") from None


def kind_of(cell: Any, decimal: str = ".") -> str:
    """What a filled cell looks like: `number`, `boolean`, `date` or `text`. Codes with a leading zero are texts."""
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, (int, float)):
        return "number"
    if not isinstance(cell, str):
        return "text"
    word = cell.strip()
    if NUMBER.fullmatch(digits := pointed(word, decimal)):
        return "text" if CODE.fullmatch(digits) and "." not in digits else "number"
    if word.casefold() in TRUTHS:
        return "boolean"
    return "date" if _is_date(word) else "text"


def _is_date(word: str) -> bool:
    if not 10 <= len(word) <= 35 or word[4:5] != "-":
        return False
    try:
        datetime.fromisoformat(word)
    except ValueError:
        return False
    return True


def shown(cell: Any) -> str:
    """A cell as a reason quotes it: short."""
    words = str(cell)
    return repr(words if len(words) <= 60 else words[:57] + "...")


def filled(cell: Any, placeholders: frozenset[str]) -> bool:
    """Whether a cell holds something."""
    if isinstance(cell, str):
        word = cell.strip()
        return word != "" and word not in placeholders
    return cell is not None


def scalar(value: Scalar) -> Scalar:
    """The value itself. Raises RowProblem where it cannot be an attribute's."""
    problem = problem_with_value(value)
    if problem:
        raise RowProblem(problem)
    return value
