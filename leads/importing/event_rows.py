"""Rows of an events file as event records, by a mapping's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from leads.importing import values
from leads.importing.files import Table
from leads.importing.lead_rows import word
from leads.importing.mapping import EventsMap, FileMapping, Rule, TimeColumn, filled_in, is_object
from leads.importing.values import RowProblem, filled
from leads.records import APPOINTMENT, MESSAGE, EventRecord, is_storable

DIRECTIONS = {"INBOUND": "INBOUND", "OUTBOUND": "OUTBOUND", "IN": "INBOUND", "OUT": "OUTBOUND"}
KEPT_DECISIONS = 10_000


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules make of an event."""

    kind: str
    direction: str | None = None
    is_echo: bool = False
    status: str | None = None


class EventReader:
    """Reads rows of one file. What the rules say is kept by the cells that decide it, so that it is looked up once."""

    def __init__(self, mapping: FileMapping, table: Table) -> None:
        assert mapping.events is not None
        self._map, self._mapping, self._table = mapping.events, mapping, table
        self._place = {name: place for place, name in enumerate(table.header)}
        self._columns = mapping.events.deciding_columns()
        self._places = [self._place[column] for column in self._columns]
        self._decide = lru_cache(maxsize=KEPT_DECISIONS)(self._decide_anew)
        self.occurred_at = self._moment(mapping.events.occurred_at)
        self._recorded_at = self._moment(mapping.events.recorded_at)
        self._scheduled_for = self._moment(mapping.events.scheduled_for)
        self._case = self._place[mapping.events.case]
        self._kept = kept_columns(mapping.events.properties, table.header)

    def record(self, cells: Sequence[Any]) -> EventRecord | None:
        """The event of a row; None where a rule ignores it. Raises RowProblem."""
        decision = self._decide(tuple([cells[place] for place in self._places]))
        if decision is None:
            return None
        occurred_at = self.occurred_at(cells)
        if occurred_at is None:
            raise RowProblem(f"{self._map.occurred_at.column}: the time is missing")
        return EventRecord(
            number=self._number(cells),
            kind=decision.kind,
            occurred_at=occurred_at,
            direction=None if decision.kind == APPOINTMENT else decision.direction or self._direction(cells),
            external_id=self._external_id(cells),
            recorded_at=self._recorded_at(cells),
            scheduled_for=self._scheduled_for(cells) if decision.kind == APPOINTMENT else None,
            properties=self._properties(cells),
            is_outcome_echo=decision.is_echo,
            status=decision.status,
        )

    def _moment(self, time: TimeColumn | None) -> Callable[[Sequence[Any]], datetime | None]:
        if time is None:
            return lambda cells: None
        place, reader = self._place[time.column], values.moments(time.format, time.zone or self._mapping.time_zone)
        placeholders, column = self._mapping.placeholders, time.column

        def read(cells: Sequence[Any]) -> datetime | None:
            if not filled(cells[place], placeholders):
                return None
            try:
                return reader(cells[place])
            except RowProblem as problem:
                raise RowProblem(f"{column}: {problem}") from None

        return read

    def _number(self, cells: Sequence[Any]) -> int:
        try:
            return values.identity(cells[self._case])
        except RowProblem as problem:
            raise RowProblem(f"{self._map.case}: {problem}") from None

    def _external_id(self, cells: Sequence[Any]) -> str:
        if self._map.id is None:
            return self._table.digest(cells)
        cell = cells[self._place[self._map.id]]
        if not filled(cell, self._mapping.placeholders):
            return self._table.digest(cells)
        return word(cell)

    def _direction(self, cells: Sequence[Any]) -> str | None:
        if self._map.direction is None:
            return None
        cell = cells[self._place[self._map.direction]]
        if not filled(cell, self._mapping.placeholders):
            return None
        direction = DIRECTIONS.get(str(cell).strip().upper())
        if direction is None:
            raise RowProblem(f"{self._map.direction}: {values.shown(cell)} is neither INBOUND nor OUTBOUND")
        return direction

    def _properties(self, cells: Sequence[Any]) -> Mapping[str, Any] | None:
        found = {}
        for name, (column, reader) in self._kept.items():
            cell = cells[self._place[column]]
            if filled(cell, self._mapping.placeholders):
                try:
                    found[name] = reader(cell)
                except RowProblem as problem:
                    raise RowProblem(f"{column}: {problem}") from None
        return found or None

    def _decide_anew(self, cells: tuple[Any, ...]) -> Decision | None:
        by_column = {column: _as_word(cell) for column, cell in zip(self._columns, cells, strict=True)}
        rule = first_fitting(self._map, by_column)
        if rule is not None and rule.is_ignored:
            return None
        template = rule.kind if rule and rule.kind else self._map.kind
        kind = word(filled_in(template, by_column))
        if not kind:
            raise RowProblem("the event's kind is missing")
        if rule is None:
            return Decision(kind)
        decides = rule.verdict is not None
        status = filled_in(rule.status or template, by_column) if decides or rule.status else None
        is_echo = (rule.is_echo or decides) and kind not in (MESSAGE, APPOINTMENT)
        return Decision(kind, rule.direction, is_echo, word(status) if status else None)


def kept_columns(names: Sequence[str], header: Sequence[str]) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """What is kept with an event: its name, the column, and how it is read; of `told.*` all that is within `told`."""
    kept: dict[str, tuple[str, Callable[[Any], Any]]] = {}
    for name in names:
        if is_object(name):
            inside = [column for column in header if column.startswith(name[:-1])]
            kept |= {column[len(name) - 1 :]: (column, _as_told) for column in inside}
        else:
            kept[name] = (name, _plain)
    return kept


def _plain(cell: Any) -> Any:
    return values.text(cell) if isinstance(cell, str) else values.scalar(cell)


def _as_told(cell: Any) -> Any:
    if not is_storable(cell):
        raise RowProblem("a number must be finite and below 1e300.")
    return cell


def _as_word(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def first_fitting(events: EventsMap, cells: Mapping[str, str]) -> Rule | None:
    """The first rule whose conditions all hold."""
    for rule in events.rules:
        if all(cells[column] in words for column, words in rule.when.items()):
            return rule
    return None
