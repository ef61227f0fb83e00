"""Rows of a leads file as lead records, by a mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from common.serializers import EARLIEST, LATEST
from leads.importing import values
from leads.importing.files import FileProblem
from leads.importing.mapping import ROW, AttributeMap, FileMapping, LeadsMap, OrderClock, TimeColumn
from leads.importing.values import RowProblem, filled
from leads.records import MAX_ATTRIBUTES, MAX_WORD, LeadRecord, PropertyRecord, Scalar, problem_with_name

Cells = Sequence[Any]
Cell = Callable[[Cells], Any]
MAX_AMOUNT = 1e15
LIMITS = {"source_score": (0.0, 100.0), "amount": (0.0, MAX_AMOUNT), "property.price": (0.0, MAX_AMOUNT)}


class LeadReader:
    """Reads rows of one file. `kinds` says what each column of attributes holds, where the mapping does not.

    `verdict_of` says what a status means, which decides whether the time of an outcome is looked for; `at` is now: a
    decision that has been made was made by then, whatever time to close is still written beside it.
    """

    def __init__(
        self,
        mapping: FileMapping,
        header: Sequence[str],
        kinds: Mapping[str, str],
        verdict_of: Callable[[str], bool | None],
        at: datetime,
    ) -> None:
        assert mapping.leads is not None
        self._map, self._mapping, self._verdict_of, self._at = mapping.leads, mapping, verdict_of, at
        self._place = {name: place for place, name in enumerate(header)}
        self.clock = LeadClock(mapping, header)
        self._attributes = [self._attribute(attribute, kinds) for attribute in attributes_of(mapping.leads, header)]
        if len(self._attributes) > MAX_ATTRIBUTES:
            raise FileProblem(f"A lead has at most {MAX_ATTRIBUTES} attributes; this file has {len(self._attributes)}.")
        self._availability = {
            attribute.name: attribute.known for attribute in attributes_of(mapping.leads, header) if attribute.known
        }
        self._fields = {name: self._field(name, column) for name, column in mapping.leads.fields.items()}
        self._property = [name for name in self._fields if name.startswith("property.")]

    def record(self, number: int, cells: Cells) -> LeadRecord:
        """The lead of a row; `number` counts the rows of the file from 1. Raises RowProblem."""
        created_at, status = self.clock.created_at(number, cells), self._status(cells)
        verdict = self._verdict(status)
        core = {name: read(cells) for name, read in self._fields.items()}
        return LeadRecord(
            number=number if self._map.id == ROW else self._read(self._map.id, values.identity, cells),
            status=status,
            created_at=created_at,
            property=self._interest(core),
            attributes={name: value for name, read in self._attributes if (value := read(cells)) is not None},
            availability=self._availability,
            status_at=self._decided_at(verdict, created_at, cells),
            revenue=self._revenue(cells) if verdict else None,
            **{name: value for name, value in core.items() if name not in self._property},
        )

    def decided_at(self, created_at: datetime, cells: Cells) -> datetime | None:
        """When the lead was won or lost; of one that is neither, a time to close is a plan. Raises RowProblem."""
        return self._decided_at(self._verdict(self._status(cells)), created_at, cells)

    def _verdict(self, status: str | None) -> bool | None:
        return None if status is None else self._verdict_of(status)

    def _decided_at(self, verdict: bool | None, created_at: datetime, cells: Cells) -> datetime | None:
        moment = None if verdict is None else self.clock.decided_at(created_at, cells)
        return None if moment is None or moment > self._at else moment

    def _read(self, column: str, reader: Callable[[Any], Any], cells: Cells) -> Any:
        try:
            return reader(cells[self._place[column]])
        except RowProblem as problem:
            raise RowProblem(f"{column}: {problem}") from None

    def _optional(self, column: str, reader: Callable[[Any], Any]) -> Cell:
        place, placeholders = self._place[column], self._mapping.placeholders

        def read(cells: Cells) -> Any:
            cell = cells[place]
            if not filled(cell, placeholders):
                return None
            try:
                return reader(cell)
            except RowProblem as problem:
                raise RowProblem(f"{column}: {problem}") from None

        return read

    def _field(self, name: str, column: str) -> Cell:
        if name == "property.has_photos":
            return self._optional(column, values.truth)
        if name not in LIMITS:
            return self._optional(column, word)
        low, high = LIMITS[name]
        return self._optional(column, partial(bounded, low=low, high=high, decimal=self._mapping.file.decimal))

    def _attribute(self, attribute: AttributeMap, kinds: Mapping[str, str]) -> tuple[str, Callable[[Cells], Scalar]]:
        readers: dict[str, Callable[[Any], Any]] = {
            "number": partial(values.number, decimal=self._mapping.file.decimal),
            "boolean": values.truth,
            "date": values.dates(attribute.format),
            "text": values.spelled,
        }
        reader = readers[attribute.kind or kinds.get(attribute.column, "text")]
        read = self._optional(attribute.column, reader)
        if not attribute.placeholders:
            return attribute.name, read
        place = self._place[attribute.column]
        return attribute.name, lambda cells: read(cells) if filled(cells[place], attribute.placeholders) else None

    def _status(self, cells: Cells) -> str | None:
        status = self._map.status
        if status is None:
            return None
        cell = cells[self._place[status.column]]
        if not filled(cell, self._mapping.placeholders):
            raise RowProblem(f"{status.column}: the status is missing")
        words = str(cell).strip()
        return self._read(status.column, lambda _: word(status.words.get(words, words)), cells)  # type: ignore[no-any-return]

    def _interest(self, core: Mapping[str, Any]) -> PropertyRecord | None:
        found = {name.removeprefix("property."): core[name] for name in self._property}
        return PropertyRecord(**found) if any(value is not None for value in found.values()) else None

    def _revenue(self, cells: Cells) -> Decimal | None:
        column = self._map.outcome.revenue
        if column is None or not filled(cells[self._place[column]], self._mapping.placeholders):
            return None
        reader = partial(bounded, low=-1e11, high=1e11, decimal=self._mapping.file.decimal)
        return Decimal(str(self._read(column, reader, cells))).quantize(Decimal("0.01"))


class LeadClock:
    """When the lead of a row came, and when it was decided."""

    def __init__(self, mapping: FileMapping, header: Sequence[str]) -> None:
        assert mapping.leads is not None
        self._map, self._mapping = mapping.leads, mapping
        self._place = {name: place for place, name in enumerate(header)}
        clock, decided = mapping.leads.created_at, mapping.leads.outcome.at
        self._created = self._moments(clock) if isinstance(clock, TimeColumn) else None
        self._decided = self._moments(decided) if decided else None

    def _moments(self, time: TimeColumn) -> Callable[[Any], datetime]:
        return values.moments(time.format, time.zone or self._mapping.time_zone)

    def created_at(self, number: int, cells: Cells) -> datetime:
        """When the lead came. Raises RowProblem."""
        clock = self._map.created_at
        column = clock.order if isinstance(clock, OrderClock) else clock.column
        try:
            if isinstance(clock, OrderClock):
                return ordered(clock, number if column == ROW else values.number(cells[self._place[column]]))
            assert self._created is not None
            return self._created(cells[self._place[column]])
        except RowProblem as problem:
            raise RowProblem(f"{column}: {problem}") from None

    def decided_at(self, created_at: datetime, cells: Cells) -> datetime | None:
        """When the lead was decided, where the mapping knows. Raises RowProblem."""
        outcome = self._map.outcome
        if outcome.after_creation is not None:
            return created_at + outcome.after_creation
        if outcome.at is None or self._decided is None:
            return None
        cell = cells[self._place[outcome.at.column]]
        if not filled(cell, self._mapping.placeholders):
            return None
        try:
            return self._decided(cell)
        except RowProblem as problem:
            raise RowProblem(f"{outcome.at.column}: {problem}") from None


def ordered(clock: OrderClock, value: float) -> datetime:
    """The instant that an order stands for. Raises RowProblem where no clock can hold it."""
    try:
        moment = clock.start + clock.step * (value - clock.origin)
    except OverflowError:
        moment = LATEST
    if not EARLIEST <= moment < LATEST:
        raise RowProblem(f"{values.shown(value)} does not give a time between the years 1900 and 2200")
    return moment


def word(cell: Any) -> str:
    """A text of at most 200 characters."""
    found = values.text(cell)
    if len(found) > MAX_WORD:
        raise RowProblem(f"{values.shown(cell)} is longer than {MAX_WORD} characters")
    return found


def bounded(cell: Any, *, low: float, high: float, decimal: str) -> float:
    """A number between two bounds, both included."""
    value = float(values.number(cell, decimal))
    if not low <= value <= high:
        raise RowProblem(f"{values.shown(cell)} does not lie between {low:g} and {high:g}")
    return value


def attributes_of(leads: LeadsMap, header: Sequence[str]) -> list[AttributeMap]:
    """The attributes that a file has by this mapping: those named, and all other columns where the mapping says so."""
    named = list(leads.attributes)
    if not leads.takes_others:
        return named
    taken = {*leads.columns(), *leads.ignore}
    names = {attribute.name for attribute in named}
    others = [(column.removeprefix("attributes."), column) for column in header if column not in taken]
    return named + [
        AttributeMap(name, column, leads.others)
        for name, column in others
        if name not in names and not problem_with_name(name)
    ]
