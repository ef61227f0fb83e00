"""Reading a mapping from TOML: unknown keys, wrong types and unknown words are errors that name the place."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings

from leads.importing.mapping import (
    ALL,
    LAST_EVENT,
    AttributeMap,
    EventsMap,
    FileMap,
    FileMapping,
    LeadsMap,
    MappingProblem,
    OrderClock,
    OutcomeTime,
    Rule,
    StatusColumn,
    TimeColumn,
)
from leads.importing.values import duration, shown
from leads.records import MAX_WORD, problem_with_name

KNOWN = ("creation", "contact", "outcome", "unknown")
KINDS = ("number", "boolean", "date", "text")
FIELDS = (
    "source",
    "source_score",
    "owner",
    "region",
    "amount",
    "property.price",
    "property.has_photos",
    "property.city",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252")
DIRECTIONS = ("INBOUND", "OUTBOUND")
DEFAULT = "contract"
UTC_ZONE = ZoneInfo("UTC")


def ready_mappings() -> dict[str, Path]:
    """The mappings that come with the project, by name."""
    return {path.stem: path for path in sorted((Path(settings.BASE_DIR) / "examples").glob("*.toml"))}


def read_mapping(words: str) -> FileMapping:
    """A mapping from TOML text, or from the name of a ready one. Raises MappingProblem."""
    name = words.strip()
    if not name or ("\n" not in name and "=" not in name):
        ready = ready_mappings()
        if (name or DEFAULT) not in ready:
            known = ", ".join(ready)
            raise MappingProblem(f"there is no ready mapping {shown(name)}{meant(name, ready)}; there are {known}")
        words = ready[name or DEFAULT].read_text(encoding="utf-8")
    try:
        data = tomllib.loads(words)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingProblem(f"not valid TOML: {error}") from error
    return _mapping(Section(data, "", words))


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?`, where something is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6) if len(word) <= MAX_WORD else []
    return f"; did you mean {near[0]!r}?" if near else ""


class Section:
    """A table of the TOML whose keys are taken one by one; what is left over at the end is an error."""

    def __init__(self, data: dict[str, Any], path: str, words: str) -> None:
        self._data, self._path, self._words = data, path, words
        self._taken: list[str] = []

    def problem(self, key: str, reason: str) -> MappingProblem:
        """An error at a key of this table."""
        place = f"{self._path}.{key}".strip(".") if key else self._path or "the mapping"
        return MappingProblem(f"{self._line(key)}{place}: {reason}")

    def _line(self, key: str) -> str:
        names = [key] if key else []
        for name in [*names, *self._path.split(".")[::-1]]:
            bare = re.escape(name.split("[")[0])
            found = re.search(rf"""^[^#\n]*?(["']?)(?<!\w){bare}\1\s*(=|\]|\.)""", self._words, re.MULTILINE)
            if bare and found:
                return f"line {self._words.count(chr(10), 0, found.end()) + 1}: "
        return ""

    def take(self, key: str, *types: type, default: Any = None) -> Any:
        """The value of a key, of one of these types. Raises MappingProblem for another."""
        self._taken.append(key)
        value = self._data.get(key, default)
        if key in self._data and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            raise self.problem(key, f"must be {' or '.join(NAMES[kind] for kind in types)}")
        return value

    def need(self, key: str, *types: type) -> Any:
        """The value of a key that may not be left out."""
        if key not in self._data:
            near = difflib.get_close_matches(key, [name for name in self._data if name not in self._taken], n=1)
            raise self.problem("", f"needs {key!r}" + (f", and has {near[0]!r}" if near else ""))
        return self.take(key, *types)

    def word(self, key: str, known: Iterable[str]) -> str | None:
        """One of the known words."""
        word = self.take(key, str)
        if word is not None and word not in known:
            raise self.problem(key, f"{word!r} is not one of {', '.join(known)}{meant(word, known)}")
        return word  # type: ignore[no-any-return]

    def texts(self, key: str) -> tuple[str, ...]:
        """A text or an array of texts."""
        value = self.take(key, str, list, default=[])
        texts = [value] if isinstance(value, str) else value
        if not all(isinstance(text, str) for text in texts):
            raise self.problem(key, "must hold texts")
        return tuple(texts)

    def sub(self, key: str) -> Section | None:
        """The table under a key."""
        data = self.take(key, dict)
        return None if data is None else self.under(key, data)

    def under(self, key: str, data: dict[str, Any]) -> Section:
        """A table somewhere under a key."""
        return Section(data, f"{self._path}.{key}".strip("."), self._words)

    def keys(self) -> list[str]:
        """The keys of a table whose keys are names; they count as taken."""
        self._taken += list(self._data)
        return list(self._data)

    def done(self) -> None:
        """Raises MappingProblem where a key is left that nobody asked for."""
        for key in self._data:
            if key not in self._taken:
                raise self.problem(key, f"there is no such key here{meant(key, self._taken)}")


NAMES: dict[type, str] = {
    str: "a text",
    list: "an array",
    dict: "a table",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    datetime: "a time",
    date: "a date",
}


def _mapping(top: Section) -> FileMapping:
    zone = _zone(top, "time_zone")
    leads, events = top.sub("leads"), top.sub("events")
    mapping = FileMapping(
        takes_what_is_there=top.word("missing_columns", ("error", "ignore")) == "ignore",
        time_zone=zone or UTC_ZONE,
        names_zone=zone is not None,
        observed_until=_observed_until(top, zone or UTC_ZONE),
        placeholders=frozenset(top.texts("placeholders")),
        file=_file(top.sub("file")),
        leads=_leads(leads, zone or UTC_ZONE) if leads else None,
        events=_events(events) if events else None,
    )
    top.done()
    if leads is None and events is None:
        raise top.problem("", "needs a table [leads] or [events]")
    both = sorted({word.casefold() for word in mapping.won} & {word.casefold() for word in mapping.lost})
    if both:
        raise top.problem("", f"{both[0]!r} cannot mean both won and lost")
    return mapping


def _zone(section: Section, key: str) -> ZoneInfo | None:
    name = section.take(key, str)
    if name is not None and name not in available_timezones():
        raise section.problem(key, f"{name!r} is not a time zone{meant(name, available_timezones())}")
    return None if name is None else ZoneInfo(name)


def _instant(section: Section, key: str, zone: ZoneInfo) -> datetime | None:
    value = section.take(key, str, datetime, date)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise section.problem(key, f"{value!r} is not an ISO time") from None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _observed_until(top: Section, zone: ZoneInfo) -> datetime | str | None:
    if top.take("observed_until", str, datetime, date) == LAST_EVENT:
        return LAST_EVENT
    return _instant(top, "observed_until", zone)


def _file(section: Section | None) -> FileMap:
    if section is None:
        return FileMap()
    delimiter, quote = section.take("delimiter", str), section.take("quote", str, default='"')
    decimal = section.word("decimal", (".", ",")) or "."
    shape = FileMap(delimiter, quote, section.word("encoding", ENCODINGS), decimal)
    for key, value in (("delimiter", delimiter or ","), ("quote", quote)):
        if len(value) != 1:
            raise section.problem(key, "must be one character")
    section.done()
    return shape


def _duration(section: Section, key: str) -> timedelta | None:
    words = section.take(key, str)
    try:
        return None if words is None else duration(words)
    except ValueError as error:
        raise section.problem(key, str(error)) from None


def _time(section: Section, key: str) -> TimeColumn | None:
    value = section.take(key, str, dict)
    if value is None or isinstance(value, str):
        return None if value is None else TimeColumn(value)
    table = section.under(key, value)
    column = TimeColumn(table.need("column", str), table.take("format", str, default="iso"), _zone(table, "zone"))
    table.done()
    return column


def _clock(section: Section, zone: ZoneInfo) -> TimeColumn | OrderClock:
    value = section.need("created_at", str, dict)
    if isinstance(value, str) or "order" not in value:
        column = _time(section, "created_at")
        assert column is not None
        return column
    table = section.under("created_at", value)
    order, start, step = table.need("order", str), _instant(table, "start", zone), _duration(table, "step")
    if start is None or not step:
        raise table.problem("order", "an order as clock needs a `start` and a `step` above 0")
    clock = OrderClock(order, start, step, float(table.take("origin", int, float, default=0)))
    table.done()
    return clock


def _leads(section: Section, zone: ZoneInfo) -> LeadsMap:
    attributes, takes_others, others = _attributes(section.sub("attributes"))
    fields = {name: section.take(name, str) for name in FIELDS if "." not in name}
    home = section.sub("property")
    for name in ("price", "has_photos", "city") if home else ():
        fields[f"property.{name}"] = home.take(name, str) if home else None
    leads = LeadsMap(
        id=section.need("id", str),
        created_at=_clock(section, zone),
        status=_status(section),
        outcome=_outcome(section),
        fields={name: column for name, column in fields.items() if column is not None},
        attributes=attributes,
        takes_others=takes_others,
        others=others,
        ignore=frozenset(section.texts("ignore")),
    )
    if home:
        home.done()
    section.done()
    return leads


def _status(section: Section) -> StatusColumn | None:
    value = section.take("status", str, dict)
    if value is None or isinstance(value, str):
        return None if value is None else StatusColumn(value)
    table = section.under("status", value)
    words = table.take("words", dict, default={})
    if not all(isinstance(word, str) and word for word in words.values()):
        raise table.problem("words", "must give a text for each word")
    status = StatusColumn(table.need("column", str), words, table.texts("won"), table.texts("lost"))
    table.done()
    return status


def _outcome(section: Section) -> OutcomeTime:
    table = section.sub("outcome")
    if table is None:
        return OutcomeTime()
    outcome = OutcomeTime(_time(table, "at"), _duration(table, "after_creation"), table.take("revenue", str))
    if outcome.at and outcome.after_creation is not None:
        raise table.problem("after_creation", "an outcome has a column of times or a time after creation, not both")
    table.done()
    return outcome


def _attributes(section: Section | None) -> tuple[tuple[AttributeMap, ...], bool, str | None]:
    if section is None:
        return (), False, None
    names = section.keys()
    maps = tuple(_attribute(section, name) for name in names if name != ALL)
    return maps, ALL in names, _others(section) if ALL in names else None


def _others(section: Section) -> str | None:
    known = section.take(ALL, str)
    if known == "":
        return None
    return section.word(ALL, KNOWN)


def _attribute(section: Section, name: str) -> AttributeMap:
    problem, value = problem_with_name(name), section.take(name, str, dict)
    if problem:
        raise section.problem(name, problem)
    if isinstance(value, str):
        return AttributeMap(name, name, section.word(name, KNOWN))
    table = section.under(name, value)
    attribute = AttributeMap(
        name=name,
        column=table.take("column", str, default=name),
        known=table.word("known", KNOWN),
        kind=table.word("kind", KINDS),
        format=table.take("format", str, default="iso"),
        placeholders=frozenset(table.texts("placeholders")),
    )
    table.done()
    return attribute


def _events(section: Section) -> EventsMap:
    occurred_at = section.need("occurred_at", str, dict) and _time(section, "occurred_at")
    assert occurred_at is not None
    kind = section.need("kind", str)
    rules = section.take("rules", list, default=[])
    if not all(isinstance(rule, dict) for rule in rules):
        raise section.problem("rules", "must be tables: write [[events.rules]]")
    events = EventsMap(
        case=section.need("case", str),
        occurred_at=occurred_at,
        id=section.take("id", str),
        kind=kind if "{" in kind else f"{{{kind}}}",
        direction=section.take("direction", str),
        recorded_at=_time(section, "recorded_at"),
        scheduled_for=_time(section, "scheduled_for"),
        properties=section.texts("properties"),
        rules=tuple(_rule(section.under(f"rules[{place}]", rule)) for place, rule in enumerate(rules, 1)),
    )
    section.done()
    events.deciding_columns()
    for rule in events.rules:
        if rule.verdict is not None:
            rule.statuses(events.kind)
    return events


def _rule(section: Section) -> Rule:
    when = section.need("when", dict)
    conditions = section.under("when", when)
    words = {column: frozenset(conditions.texts(column)) for column in conditions.keys()}  # noqa: SIM118
    verdict = section.word("outcome", ("won", "lost"))
    rule = Rule(
        when=words,
        kind=section.take("kind", str),
        direction=section.word("direction", DIRECTIONS),
        is_echo=section.take("echo", bool, default=False),
        is_ignored=section.take("ignore", bool, default=False),
        verdict=None if verdict is None else verdict == "won",
        status=section.take("status", str),
    )
    if not words:
        raise section.problem("when", "needs at least one column")
    section.done()
    return rule
