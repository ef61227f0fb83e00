"""The rows that the demonstration's lives make in each table, as intake would have written them. No database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools
from leads.demo.lives import DAY, NEVER, Happenings, Ints, Lives
from leads.demo.world import OWN_KINDS
from leads.tables.dossier import Availability
from leads.tables.events import Direction
from leads.tables.outcome import Origin

NEW, CONTACTED, VISIT, WON, LOST = "NEW", "CONTACTED", "VISIT_PLANNED", "WON", "LOST"
SIGNED = "contract_signed"
"""An echo of the outcome: kept, and never counted."""
COMMISSION = 0.04
BY = "demo_data"

Values = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """Rows of one table: a sequence of values a column, all of one length."""

    table: str
    columns: Mapping[str, Values]


@dataclass(frozen=True)
class Part:
    """The leads from position `first` on, one for each of `ids` (their dossiers' keys), as known at `until`."""

    lives: Lives
    first: int
    ids: Ints
    until: int

    @cached_property
    def created(self) -> Ints:
        """When each was created, in seconds since 1970."""
        return self._of(self.lives.created)

    @cached_property
    def age(self) -> Ints:
        """Seconds from creation to the present: what comes later has not happened yet."""
        return self.until - self.created

    @cached_property
    def answered(self) -> Ints:
        """The age at the first answer, NEVER where there is none yet."""
        return self._so_far(self._of(self.lives.answered))

    @cached_property
    def visited(self) -> Ints:
        """The age at the first appointment, NEVER where there is none yet."""
        visits, first = self.happened(self.lives.streams["appointments"]), np.full(len(self.ids), NEVER)
        np.minimum.at(first, visits.lead, visits.at)
        return first

    @cached_property
    def decided(self) -> Ints:
        """The age at the decision, NEVER where it is undecided."""
        return self._so_far(self._of(self.lives.decided))

    @cached_property
    def won(self) -> Bools:
        """Which have converted by now."""
        return self._of(self.lives.converts) & (self.decided < NEVER)

    def happened(self, happenings: Happenings) -> Happenings:
        """What has happened to these leads by now."""
        mine = happenings.of(self.first, self.first + len(self.ids))
        return mine.where(mine.at <= self.age[mine.lead])

    def rows(self) -> Iterator[Rows]:
        """Everything, table by table; dossiers first."""
        yield self._dossiers()
        yield from self._properties()
        yield from self._attributes()
        yield from self._messages()
        yield from self._others()
        yield from self._status_changes()
        yield self._outcomes()

    def _of(self, array: NDArray[Any]) -> NDArray[Any]:
        return array[self.first : self.first + len(self.ids)]

    def _so_far(self, age: Ints) -> Ints:
        return np.where(age <= self.age, age, NEVER)

    def _at(self, leads: Ints, ages: Ints | int) -> NDArray[np.str_]:
        moments = (self.created[leads] + ages).astype("datetime64[s]")
        return np.asarray(np.datetime_as_string(moments, timezone="UTC"))

    def _dossiers(self) -> Rows:
        everyone = np.arange(len(self.ids))
        created = self._at(everyone, 0)
        steps = [self.decided < NEVER, self.visited < NEVER, self.answered < NEVER]
        status = np.select(steps, [np.where(self.won, WON, LOST), VISIT, CONTACTED], NEW)
        return Rows(
            "dossier",
            {
                "id": self.ids,
                "number": everyone + self.first + 1,
                "created_at": created,
                "recorded_at": created,
                "updated_at": self._at(everyone, np.where(self.decided < NEVER, self.decided, 0)),
                "status": status,
                "noted_status": status,
                **{name: self._of(getattr(self.lives, name)) for name in ("source", "region", "owner")},
            },
        )

    def _properties(self) -> Iterator[Rows]:
        known_from = self._of(self.lives.property_at)
        shown = np.flatnonzero(known_from <= self.age)
        yield Rows(
            "property",
            {
                "dossier_id": self.ids[shown],
                "known_from": self._at(shown, known_from[shown]),
                **{name: self._of(getattr(self.lives, name))[shown] for name in ("price", "has_photos", "city")},
            },
        )
        later = shown[known_from[shown] > 0]
        yield Rows(
            "lead_change",
            {
                "dossier_id": self.ids[later],
                "field": ["property.known_from"] * len(later),
                "old_value": [None] * len(later),
                "changed_at": self._at(later, known_from[later]),
            },
        )

    def _attributes(self) -> Iterator[Rows]:
        for name, attribute in self.lives.attributes.items():
            at, values = self._of(attribute.at), self._of(attribute.value)
            told = np.flatnonzero((at <= self.age) & [value is not None for value in values])
            yield Rows(
                "lead_attribute",
                {
                    "dossier_id": self.ids[told],
                    "name": [name] * len(told),
                    "known_from": self._at(told, at[told]),
                    "value": [json.dumps(value, ensure_ascii=False) for value in values[told]],
                    "availability": np.where(at[told] == 0, Availability.CREATION.value, Availability.OBSERVED.value),
                },
            )

    def _messages(self) -> Iterator[Rows]:
        everyone = np.arange(len(self.ids))
        first = Happenings(everyone, np.zeros(len(self.ids), dtype=np.int64))
        answered = np.flatnonzero(self.answered < NEVER)
        epilogue = self.happened(self.lives.epilogue)
        is_thanks = np.arange(len(epilogue.lead)) % 2 == 0
        told = {
            Direction.INBOUND: [first, self.happened(self.lives.streams["inbound"]), epilogue.where(is_thanks)],
            Direction.OUTBOUND: [
                Happenings(answered, self.answered[answered]),
                self.happened(self.lives.replies),
                epilogue.where(~is_thanks),
            ],
        }
        for direction, parts in told.items():
            for part in parts:
                yield self._occurrences("message_entity", part, direction=[direction.value] * len(part.lead))

    def _others(self) -> Iterator[Rows]:
        visits = self.happened(self.lives.streams["appointments"])
        days, hour = 1 + visits.at % 6, 8 + visits.at % 9
        midnight = (self.created[visits.lead] + visits.at) // DAY * DAY - self.created[visits.lead]
        yield self._occurrences(
            "appointment_entity", visits, scheduled_for=self._at(visits.lead, midnight + days * DAY + hour * 3600)
        )
        for kind in OWN_KINDS:
            yield self._events(kind, self.happened(self.lives.streams[kind]), is_echo=False)
        won = np.flatnonzero(self.won)
        yield self._events(SIGNED, Happenings(won, self.decided[won]), is_echo=True)

    def _events(self, kind: str, happenings: Happenings, *, is_echo: bool) -> Rows:
        n = len(happenings.lead)
        return self._occurrences("lead_event", happenings, kind=[kind] * n, is_outcome_echo=[is_echo] * n)

    def _occurrences(self, table: str, happenings: Happenings, **columns: Values) -> Rows:
        at = self._at(happenings.lead, happenings.at)
        occurred_at = "occurred_at" if table == "lead_event" else "created_at"  # the CRM's own name for it
        return Rows(table, {"dossier_id": self.ids[happenings.lead], occurred_at: at, "recorded_at": at, **columns})

    def _status_changes(self) -> Iterator[Rows]:
        everyone, nothing = np.arange(len(self.ids)), np.zeros(len(self.ids), dtype=np.int64)
        is_contacted = self.answered < self.visited
        before_visit = np.where(is_contacted, CONTACTED, NEW)
        at_last = np.where(self.visited < NEVER, VISIT, before_visit)
        yield self._steps(everyone, nothing, np.full(len(self.ids), ""), np.full(len(self.ids), NEW))
        for ages, is_step, before, after in (
            (self.answered, is_contacted, np.full(len(self.ids), NEW), np.full(len(self.ids), CONTACTED)),
            (self.visited, self.visited < NEVER, before_visit, np.full(len(self.ids), VISIT)),
            (self.decided, self.decided < NEVER, at_last, np.where(self.won, WON, LOST)),
        ):
            yield self._steps(np.flatnonzero(is_step), ages, before, after)

    def _steps(self, leads: Ints, ages: Ints, before: NDArray[Any], after: NDArray[Any]) -> Rows:
        return Rows(
            "lead_status_change",
            {
                "dossier_id": self.ids[leads],
                "from_status": before[leads],
                "to_status": after[leads],
                "changed_at": self._at(leads, ages[leads]),
                "is_exact": [True] * len(leads),
            },
        )

    def _outcomes(self) -> Rows:
        leads = np.flatnonzero(self.decided < NEVER)
        at, won = self._at(leads, self.decided[leads]), self.won[leads]
        revenue = (self._of(self.lives.price)[leads] * COMMISSION).round(2)
        return Rows(
            "lead_outcome",
            {
                "dossier_id": self.ids[leads],
                "converted": won,
                "occurred_at": at,
                "recorded_at": at,
                "revenue": np.where(won, revenue, np.nan),
                "recorded_by": [BY] * len(leads),
                "is_exact": [True] * len(leads),
                "origin": np.where(won, Origin.RECORDED.value, Origin.STATUS.value),
            },
        )
