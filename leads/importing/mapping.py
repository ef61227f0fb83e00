"""A mapping: how the columns of a file are read as leads and events. Written by people in TOML, so strictly checked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ROW = "@row"
ALL = "*"
LAST_EVENT = "last_event"
COLUMN_IN_BRACES = re.compile(r"\{([^{}]*)\}")


class MappingProblem(ValueError):
    """Why a mapping cannot be used; the text says where and, if it can, what was meant."""


@dataclass(frozen=True)
class FileMap:
    """How the file itself is written; what is left out is found out from the file."""

    delimiter: str | None = None
    quote: str = '"'
    encoding: str | None = None
    decimal: str = "."


@dataclass(frozen=True)
class TimeColumn:
    """A column of instants: `iso`, `epoch`, `epoch_ms` or a strptime format; without an offset in `zone`."""

    column: str
    format: str = "iso"
    zone: ZoneInfo | None = None


@dataclass(frozen=True)
class OrderClock:
    """A clock for data that have an order and no time: `start` plus `step` for each unit of `order` above `origin`."""

    order: str
    start: datetime
    step: timedelta
    origin: float = 0.0


@dataclass(frozen=True)
class StatusColumn:
    """The column of the status; `words` renames its values, and won and lost say what they mean."""

    column: str
    words: Mapping[str, str] = field(default_factory=dict)
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutcomeTime:
    """When a won or lost lead became so: a column, or so long after its creation. And what it brought."""

    at: TimeColumn | None = None
    after_creation: timedelta | None = None
    revenue: str | None = None


@dataclass(frozen=True)
class AttributeMap:
    """A column that becomes an attribute. `known` says when it is known; None leaves that to the lead's age."""

    name: str
    column: str
    known: str | None = None
    kind: str | None = None
    format: str = "iso"
    placeholders: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LeadsMap:
    """The columns of a leads file. `others` is the availability of all columns not named, where they are taken."""

    id: str
    created_at: TimeColumn | OrderClock
    status: StatusColumn | None = None
    outcome: OutcomeTime = field(default_factory=OutcomeTime)
    fields: Mapping[str, str] = field(default_factory=dict)
    attributes: tuple[AttributeMap, ...] = ()
    takes_others: bool = False
    others: str | None = None
    ignore: frozenset[str] = frozenset()

    def without(self, missing: Sequence[str]) -> LeadsMap:
        """The same, without the fields and attributes of these columns."""
        return replace(
            self,
            fields={name: column for name, column in self.fields.items() if column not in missing},
            attributes=tuple(attribute for attribute in self.attributes if attribute.column not in missing),
        )

    def columns(self) -> Iterator[str]:
        """Every column that the mapping names."""
        clock = self.created_at
        named = [self.id, clock.column if isinstance(clock, TimeColumn) else clock.order, *self.fields.values()]
        named += [self.status.column] if self.status else []
        named += [self.outcome.at.column] if self.outcome.at else []
        named += [self.outcome.revenue] if self.outcome.revenue else []
        yield from (column for column in named if column != ROW)
        yield from (attribute.column for attribute in self.attributes)


@dataclass(frozen=True)
class Rule:
    """What an event is where its cells are among the words of `when`."""

    when: Mapping[str, frozenset[str]]
    kind: str | None = None
    direction: str | None = None
    is_echo: bool = False
    is_ignored: bool = False
    verdict: bool | None = None
    status: str | None = None

    def statuses(self, default_kind: str) -> tuple[str, ...]:
        """The statuses that a lead can take by this rule. Raises MappingProblem where `when` does not bound them."""
        template = self.status or self.kind or default_kind
        columns = sorted(template_columns(template))
        unbound = [column for column in columns if column not in self.when]
        if unbound:
            raise MappingProblem(
                f"a rule with an outcome must bound the status: name {unbound[0]!r} in its `when`, or give a `status`"
            )
        words = itertools.product(*(sorted(self.when[column]) for column in columns))
        return tuple(sorted({filled_in(template, dict(zip(columns, chosen, strict=True))) for chosen in words}))


@dataclass(frozen=True)
class EventsMap:
    """The columns of an events file, and the rules that say what each event is; the first that fits counts."""

    case: str
    occurred_at: TimeColumn
    kind: str
    id: str | None = None
    direction: str | None = None
    recorded_at: TimeColumn | None = None
    scheduled_for: TimeColumn | None = None
    properties: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    def without(self, missing: Sequence[str]) -> EventsMap:
        """The same, without what these columns would have told beyond case, time and kind."""
        recorded_at, scheduled_for = (
            time and (None if time.column in missing else time) for time in (self.recorded_at, self.scheduled_for)
        )
        return replace(
            self,
            id=None if self.id in missing else self.id,
            recorded_at=recorded_at,
            scheduled_for=scheduled_for,
            direction=None if self.direction in missing else self.direction,
            properties=tuple(column for column in self.properties if column not in missing),
        )

    def columns(self) -> Iterator[str]:
        """Every column that the mapping names."""
        times = [time.column for time in (self.occurred_at, self.recorded_at, self.scheduled_for) if time]
        properties = [name for name in self.properties if not is_object(name)]
        yield from [self.case, *times, *properties, *sorted(template_columns(self.kind))]
        yield from (column for column in (self.id, self.direction) if column)
        yield from self.deciding_columns()

    def deciding_columns(self) -> tuple[str, ...]:
        """The columns on which the rules and the kind depend."""
        columns = template_columns(self.kind)
        for rule in self.rules:
            columns |= set(rule.when) | template_columns(rule.kind or "") | template_columns(rule.status or "")
        return tuple(sorted(columns))


@dataclass(frozen=True)
class FileMapping:
    """A whole mapping."""

    time_zone: ZoneInfo
    names_zone: bool = False
    observed_until: datetime | str | None = None
    placeholders: frozenset[str] = frozenset()
    file: FileMap = field(default_factory=FileMap)
    leads: LeadsMap | None = None
    events: EventsMap | None = None
    takes_what_is_there: bool = False

    def fitted(self, header: Sequence[str]) -> FileMapping:
        """The mapping for a file of this header: where it takes what is there, without the columns that are not."""
        if not self.takes_what_is_there:
            return self
        leads = self.leads and self.leads.without(missing_columns(list(self.leads.columns()), header))
        events = self.events and self.events.without(missing_columns(list(self.events.columns()), header))
        return replace(self, leads=leads, events=events)

    @property
    def won(self) -> tuple[str, ...]:
        """The statuses that it says mean won."""
        return self._deciding(True)

    @property
    def lost(self) -> tuple[str, ...]:
        """The statuses that it says mean lost."""
        return self._deciding(False)

    def _deciding(self, verdict: bool) -> tuple[str, ...]:
        status, events = self.leads and self.leads.status, self.events
        words = list((status.won if verdict else status.lost) if status else ())
        for rule in events.rules if events else ():
            if rule.verdict is verdict and events:
                words += rule.statuses(events.kind)
        return tuple(dict.fromkeys(words))


def is_object(name: str) -> bool:
    """Whether a name stands for all columns within an object of JSON: `told.*` for `told.by` and `told.at`."""
    return name.endswith(".*")


def template_columns(template: str) -> set[str]:
    """The columns named in braces. Raises MappingProblem where the braces do not match."""
    if re.search(r"[{}]", COLUMN_IN_BRACES.sub("", template)):
        raise MappingProblem(f"{template!r} is not a text with columns in braces")
    return set(COLUMN_IN_BRACES.findall(template))


def filled_in(template: str, cells: Mapping[str, str]) -> str:
    """The template with its columns' cells. Never reaches into a cell's attributes, as str.format would."""
    return COLUMN_IN_BRACES.sub(lambda found: cells[found[1]], template).strip()


def missing_columns(named: Sequence[str], header: Sequence[str]) -> list[str]:
    """The named columns that a header has not, in the order of the mapping."""
    known = set(header)
    return [column for column in dict.fromkeys(named) if column not in known]
