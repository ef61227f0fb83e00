"""The rules of the what-if: which other features follow when one is changed. Pure: no Django.

For one lead, any change; for many at once, further messages that they write. `docs/features.md` has the same rules in
words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from leads.features import Columns

Row = Mapping[str, Any]
"""Feature name to value, None where it is missing."""

INBOUND, OUTBOUND, ENGAGEMENT = "inbound_messages_count", "outbound_messages_count", "engagement_rate"
RECENT_INBOUND = "inbound_messages_last_7_days"
ANSWERED, SILENCE, AGE = "response_time_minutes", "days_since_last_event", "days_since_creation"
HAS_PROPERTY = "has_property"
OF_THE_PROPERTY = ("property_price", "property_has_photos", "city")
RECENT_DAYS = 7


def answered_more(columns: Columns, more: int) -> Columns:
    """The columns as they would be if each lead had just written so many messages more, with what follows from it."""
    supposed = dict(columns)
    for name in (INBOUND, RECENT_INBOUND):
        if name in columns:
            supposed[name] = columns[name] + more
    if SILENCE in columns:
        supposed[SILENCE] = np.zeros_like(columns[SILENCE])
    if {INBOUND, OUTBOUND, ENGAGEMENT} <= set(columns):
        supposed[ENGAGEMENT] = supposed[INBOUND] / np.maximum(columns[OUTBOUND], 1.0)
    return supposed


def followers(present: Row, changes: Row, *, waited_minutes: float) -> dict[str, Any]:
    """The further features that the changes move, with their new values; never one that is changed itself.

    `waited_minutes` becomes the response time if the changes include a first answer.
    """
    moving = _Moving(present, changes)
    moving.answer(waited_minutes)
    for total in _totals(present):
        moving.count(total, _lately(total))
    moving.fall_silent()
    moving.engage()
    moving.take_property()
    return {name: value for name, value in moving.row.items() if name not in changes and value != present[name]}


def _totals(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.endswith(("_count", ".count")) and not name.startswith("attributes.")]


def _lately(total: str) -> str:
    """The name of the last-7-days count that belongs to a total count."""
    return f"{total.removesuffix('count')}last_7_days"


class _Moving:
    """A row on its way from what it is to what it would be."""

    def __init__(self, present: Row, changes: Row) -> None:
        self.present, self.changes = present, changes
        self.row: dict[str, Any] = {**present, **changes}
        self.something_happens = False

    def put(self, name: str, value: Any) -> None:
        """Moves a feature that the row has and that is not changed itself."""
        if name in self.present and name not in self.changes:
            self.row[name] = value

    def rise(self, name: str) -> float:
        """By how much a feature is more than it is now; 0 where either is missing."""
        before, after = self.present.get(name), self.row.get(name)
        return 0 if before is None or after is None else after - before

    def answer(self, waited_minutes: float) -> None:
        """A first message to a lead answers it; without one it is unanswered."""
        if self.row.get(OUTBOUND) == 0 and self.row.get(ANSWERED) is not None:
            if ANSWERED in self.changes:
                self.put(OUTBOUND, 1)
            else:
                self.put(ANSWERED, None)
        elif self.present.get(ANSWERED) is None and self.rise(OUTBOUND) > 0:
            self.put(ANSWERED, waited_minutes)

    def count(self, total: str, recent: str) -> None:
        """What happens more often happens now; what has happened lately has happened in all."""
        more, lately = self.rise(total), self.rise(recent)
        if more > 0 or lately > 0:
            self.something_happens = True
        if more > 0:
            self.put(recent, self.present.get(recent, 0) + more)
        elif more < 0:
            self.put(recent, min(self.present.get(recent, 0), self.row[total]))
        elif lately > 0:
            self.put(total, self.present[total] + lately)

    def fall_silent(self) -> None:
        """The silence ends when something happens, else grows with the age; a long one has no recent happenings."""
        if self.something_happens:
            self.put(SILENCE, 0)
        elif self.row.get(SILENCE) is not None and self.rise(AGE):
            self.put(SILENCE, max(self.row[SILENCE] + self.rise(AGE), 0))
        if not self.something_happens and self.rise(SILENCE) and self.row[SILENCE] >= RECENT_DAYS:
            for total in _totals(self.present):
                self.put(_lately(total), 0)

    def engage(self) -> None:
        """The rate of engagement is inbound over outbound messages, none outbound counting as one."""
        inbound, outbound = self.row.get(INBOUND), self.row.get(OUTBOUND)
        if self.rise(INBOUND) or self.rise(OUTBOUND):
            self.put(ENGAGEMENT, float(inbound or 0) / max(float(outbound or 0), 1.0))

    def take_property(self) -> None:
        """What is known of a property makes it known; without one nothing is known of it."""
        if any(self.changes.get(name) is not None for name in OF_THE_PROPERTY):
            self.put(HAS_PROPERTY, 1)
        elif HAS_PROPERTY in self.changes and not self.changes[HAS_PROPERTY]:
            for name in OF_THE_PROPERTY:
                self.put(name, None)
