"""What the address of Today asks for: every view is an address, to keep, to send, to come back to. Pure: no Django."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from common.language import english
from predictions.actions import ACTIONS

PROBABILITY, EXPECTED_VALUE = ORDERS = ("probability", "expected_value")
MOST_CALLS = 500
LEAST, MOST = (">", "≥"), ("<", "≤")
LONGEST = 200
TRUTHS = {"yes": True, "true": True, "no": False, "false": False, "oui": True, "non": False}


@dataclass(frozen=True)
class Wanted:
    """What is asked for; what nobody knows is left out. `calls` 0 stands for the whole list."""

    order: str = PROBABILITY
    action: str = ""
    source: str = ""
    region: str = ""
    owner: str = ""
    attribute: str = ""
    value: str = ""
    search: str = ""
    calls: int = 0

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Wanted:
        """From the query's parameters."""
        told = {name: str(query.get(name, "")).replace("\x00", "").strip()[:LONGEST] for name in NAMES}
        order, action, calls, value = (told.pop(name) for name in ("order", "action", "calls", "value"))
        return cls(
            order=order if order in ORDERS else PROBABILITY,
            action=action if action in ACTIONS else "",
            calls=_calls(calls),
            value=_in_every_language(value),
            **told,
        )

    @property
    def has_attribute(self) -> bool:
        """Whether it asks for an attribute's value: a name alone asks for nothing."""
        return bool(self.attribute and self.value)

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves leads out, other than by how many can be called."""
        return bool(self.action or self.source or self.region or self.owner or self.search or self.has_attribute)

    @property
    def narrowed_by(self) -> int:
        """How many filters hold beside the action, which has tabs of its own."""
        return sum(map(bool, (self.source, self.region, self.owner, self.search, self.has_attribute)))

    @property
    def range(self) -> tuple[float | None, float | None] | None:
        """(least, most) where the value is a bound like ">300000" or "< 5"; None where it is a value."""
        sign, bound = _parted(self.value)
        number = _number(bound) if sign else None
        if number is None:
            return None
        return (number, None) if sign in LEAST else (None, number)

    @property
    def values(self) -> list[Any]:
        """Whatever JSON values the written one may stand for: "3" is a text and a number."""
        truth, number = TRUTHS.get(self.value.casefold()), _number(self.value)
        return [self.value, *(each for each in (truth, number) if each is not None)]

    def query(self) -> str:
        """The same as an address's query, with nothing that says nothing."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return urlencode({name: value for name, value in said.items() if value and value != PROBABILITY})


NAMES = tuple(each.name for each in fields(Wanted))


def _calls(text: str) -> int:
    return min(int(text), MOST_CALLS) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _in_every_language(value: str) -> str:
    """A bound with its number as anybody's page reads it: the address may be sent to who writes numbers otherwise."""
    sign, bound = _parted(value)
    return f"{sign} {english(bound)}" if sign and _number(bound) is not None else value


def _parted(value: str) -> tuple[str, str]:
    """The sign of a bound, "" where it is none, and the rest."""
    sign = value[:1] if value.startswith(LEAST + MOST) else ""
    return sign, value.removeprefix(sign).removeprefix("=") if sign else value


def _number(text: str) -> float | None:
    try:
        number = float(english(text).replace("_", "x"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
