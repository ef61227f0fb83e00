"""Proposing a mapping from a file itself: which column is what, and which look as if they were filled afterwards."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from leads.importing.files import BROKEN, EncodingProblem, FileProblem, Source, Table
from leads.importing.foresight import AFTERWARDS, Suspicion, suspicions, words_in
from leads.importing.mapping import FileMap
from leads.importing.mapping_toml import FIELDS
from leads.importing.values import RowProblem, filled, identity, kind_of, number, parsed

# So many rows are looked at; the rest of the file is taken to be like them.
ROWS = 20_000
SPREADSHEETS = "cp1252"
PLACEHOLDERS = ("Select", "N/A", "n/a", "NA", "NULL", "null", "None", "none", "-", "--", "?", "nan", "NaN", "#N/A")
FORMS = (
    "iso",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y%m%d",
)
ID_WORDS = re.compile(r"(^|[ _.-])(id|no|nr|number|num|key|dossier|case)($|[ _.-])", re.IGNORECASE)
CREATION_WORDS = re.compile(r"creat|regist|arriv|receiv|reg_", re.IGNORECASE)
TIME_WORDS = re.compile(r"date|time|since|start", re.IGNORECASE)
CLOSING_WORDS = re.compile(r"\b(closed?(date)?|closing|won|lost|decided)\b", re.IGNORECASE)
NEARLY_ALL = 0.99
"""Of the rows: a few may be told twice, or be broken."""
STATUS_WORDS = re.compile(
    r"^(y|target|label|status|stage|state|outcome|result|won|is_won|conver\w*|is_conver\w*|subscri\w*|closed_won|success)$",
    re.IGNORECASE,
)
STAGE_WORDS = re.compile(r"(status|stage|outcome|result)( name)?$", re.IGNORECASE)
WON_WORDS = frozenset(
    (
        "1",
        "yes",
        "y",
        "true",
        "t",
        "won",
        "win",
        "converted",
        "qualified",
        "success",
        "subscribed",
        "accepted",
        "activated",
        "closed_won",
        "closedwon",
    )
)
LOST_WORDS = frozenset(
    (
        "0",
        "no",
        "n",
        "false",
        "f",
        "lost",
        "lose",
        "rejected",
        "refused",
        "declined",
        "cancelled",
        "canceled",
        "disqualified",
        "failed",
        "closed_lost",
        "closedlost",
    )
)
CASE_WORDS = re.compile(r"case|lead|dossier|deal|customer|client|contact", re.IGNORECASE)
FIELD_WORDS = {
    "source": ("source", "lead source", "lead_source", "channel", "origin", "utm_source"),
    "source_score": ("source_score", "source score"),
    "owner": ("owner", "agent", "salesperson", "assigned_to", "lead owner"),
    "region": ("region", "state", "province", "county"),
    "amount": ("amount", "amount_req", "value", "deal value", "deal_value", "budget"),
    "property.price": ("price", "property_price", "property.price"),
    "property.has_photos": ("has_photos", "property_has_photos", "property.has_photos"),
    "property.city": ("city", "town", "property.city"),
}


@dataclass(frozen=True)
class Look:
    """The first rows of a file, column by column."""

    header: tuple[str, ...]
    columns: dict[str, list[Any]]
    placeholders: tuple[str, ...]
    delimiter: str
    encoding: str | None
    name: str

    def cells(self, column: str) -> list[Any]:
        """The filled cells of a column."""
        empty = frozenset(self.placeholders)
        return [cell for cell in self.columns[column] if filled(cell, empty)]

    def kind(self, column: str) -> str:
        """What nearly all filled cells look like."""
        kinds = Counter(map(kind_of, self.cells(column)))
        kind, count = kinds.most_common(1)[0] if kinds else ("text", 0)
        return kind if count >= 0.99 * kinds.total() else "text"


def propose(source: Source) -> str:
    """A mapping in TOML for a file of leads, or of events where it has several rows a lead. Raises FileProblem."""
    look = look_at(source)
    id_column, time = find_id(look), find_time(look)
    if id_column is None and (case := _case_column(look)) is not None and time is not None:
        return _events_mapping(look, case, time)
    status = find_status(look, {id_column, time and time[0]})
    return _leads_mapping(look, id_column, time, status)


def look_at(source: Source) -> Look:
    """Reads the first rows of a file. One that is not in UTF-8 was most likely saved by a spreadsheet."""
    found = _first_rows(source, None) or _first_rows(source, SPREADSHEETS)
    if found is None:
        raise FileProblem(f"The text is neither in UTF-8 nor in {SPREADSHEETS}.")
    return found


def _first_rows(source: Source, encoding: str | None) -> Look | None:
    """None where nothing but ASCII can be read in that encoding (where it is None: UTF-8, or UTF-16 by its mark)."""
    try:
        table = Table(source, FileMap(encoding=encoding))
    except EncodingProblem:
        return None
    is_broken = False
    columns: dict[str, list[Any]] = {name: [] for name in table.header}
    for place, row in enumerate(table):
        if place == ROWS:
            break
        is_broken |= row.problem == BROKEN
        for name, cell in zip(table.header, row.cells, strict=True) if row.problem is None else ():
            columns[name].append(cell)
    if is_broken and all(str(cell).isascii() for cells in columns.values() for cell in cells):
        return None
    seen = Counter(cell.strip() for cells in columns.values() for cell in cells if isinstance(cell, str))
    placeholders = tuple(word for word in PLACEHOLDERS if seen[word])
    return Look(tuple(table.header), columns, placeholders, table.delimiter, encoding, source.name)


def find_id(look: Look) -> str | None:
    """The column whose cells are different positive whole numbers, a telling name first."""
    unique = [name for name in look.header if _different_numbers(look.columns[name])]
    named = [name for name in unique if ID_WORDS.search(name)]
    return next(iter([*named, *(name for name in unique if name == look.header[0])]), None)


def _different_numbers(cells: Sequence[Any]) -> bool:
    return bool(cells) and len(set(_numbers(cells))) >= NEARLY_ALL * len(cells)


def _numbers(cells: Sequence[Any]) -> Iterable[int]:
    for cell in cells:
        with suppress(RowProblem):
            yield identity(cell)


def find_time(look: Look) -> tuple[str, str] | None:
    """The column that tells when a lead came, and its form."""
    return min(_times(look), key=lambda each: _against_creation(look, each[0]), default=None)


def _times(look: Look) -> list[tuple[str, str]]:
    return [(name, form) for name in look.header if (form := time_form(look.cells(name)))]


def _against_creation(look: Look, name: str) -> tuple[bool, ...]:
    """What speaks against a column of times, the weightiest first: each lead came, and came before all else."""
    cells = look.columns[name]
    return (
        bool(AFTERWARDS.search(words_in(name))),
        len(look.cells(name)) < NEARLY_ALL * len(cells),
        not CREATION_WORDS.search(name),
        not TIME_WORDS.search(name),
    )


def find_closing(look: Look, taken: Iterable[str | None]) -> tuple[str, str] | None:
    """The column that by its name tells when a lead was decided, of several the one that is filled most; its form."""
    free = [each for each in _times(look) if each[0] not in set(taken) and CLOSING_WORDS.search(words_in(each[0]))]
    return max(free, key=lambda each: len(look.cells(each[0])), default=None)


def time_form(cells: Sequence[Any]) -> str | None:
    """The form in which all of the first cells are times; day and month are told apart by a day above 12."""
    sample = [cell.strip() for cell in cells[:2_000] if isinstance(cell, str)]
    if not sample or len(sample) < min(len(cells), 2_000) or all(kind_of(cell) == "number" for cell in sample[:50]):
        return None
    return next((form for form in FORMS if all(_is_of(form, cell) for cell in sample)), None)


def _is_of(form: str, cell: str) -> bool:
    try:
        moment = parsed(cell, form)
    except ValueError:
        return False
    return 1900 <= moment.year < 2200


def find_status(look: Look, taken: Iterable[str | None]) -> str | None:
    """The column that says what became of a lead: by its name, else the last one with two values, won and lost.

    One that tells open leads from lost ones goes before one that only says whether they were won.
    """
    free = [name for name in look.header if name not in set(taken)]
    means = {name: [meaning_of(word) for word in {_plain(cell) for cell in look.cells(name)}] for name in free}
    few = [name for name in free if 2 <= len(means[name]) <= 50]
    named = [name for name in few if STATUS_WORDS.match(name)]
    staged = [name for name in few if name not in named and STAGE_WORDS.search(words_in(name))]
    decided = [name for name in few if name in (*named, *staged) and True in means[name]]
    whole = [name for name in decided if {True, False, None} <= set(means[name])]
    pairs = [name for name in few if len(means[name]) == 2 and {True, False} == set(means[name])]
    return next(iter([*whole, *decided, *named, *pairs[-1:]]), None)


def meaning_of(cell: Any) -> bool | None:
    """Whether a status says won, lost or neither, however it is spelled: `Closed Won`, `closed-won`."""
    word = _plain(cell)
    return True if word in WON_WORDS else False if word in LOST_WORDS else None


def _plain(cell: Any) -> str:
    return re.sub(r"\W+", "_", str(cell).strip().casefold()) or str(cell)


def _case_column(look: Look) -> str | None:
    for name in look.header:
        cells = look.cells(name)
        is_number = bool(cells) and all(kind_of(cell) == "number" for cell in cells[:100])
        if is_number and CASE_WORDS.search(name) and len(set(cells)) < len(cells):
            return name
    return None


def quoted(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


def _top(look: Look, *, is_past: bool = False) -> list[str]:
    lines = [f"# Proposed from {look.name}: read it through, above all when each attribute is known.", ""]
    lines += ['time_zone = "UTC"                          # of times without an offset, and of the people']
    ends = 'observed_until = "last_event"              # for records of the past: their end is the present'
    lines += [ends if is_past else f"# {ends}"]
    if look.placeholders:
        lines.append(f"placeholders = [{', '.join(map(quoted, look.placeholders))}]")
    shape = [] if look.delimiter in ("", ",") else [f"delimiter = {quoted(look.delimiter)}"]
    shape += [f"encoding = {quoted(look.encoding)}"] if look.encoding else []
    return [*lines, *(["", "[file]", *shape] if shape else []), ""]


def _time_value(time: tuple[str, str]) -> str:
    name, form = time
    return quoted(name) if form == "iso" else f"{{ column = {quoted(name)}, format = {quoted(form)} }}"


def _leads_mapping(look: Look, id_column: str | None, time: tuple[str, str] | None, status: str | None) -> str:
    lines = [*_top(look, is_past=time is None), "[leads]", f"id = {quoted(id_column or '@row')}"]
    lines += [] if id_column else ["# No column holds a different number for each row, so the rows are counted."]
    lines += [f"created_at = {_time_value(time)}"] if time else _no_time(look, id_column)
    closing = find_closing(look, {id_column, status, time and time[0]}) if status else None
    fields = _fields(look, {id_column, status, time and time[0], closing and closing[0]})
    lines += [f"{name} = {quoted(column)}" for name, column in fields.items() if "." not in name]
    taken = {id_column, status, time and time[0], closing and closing[0], *fields.values()}
    free = [name for name in look.header if name not in taken]
    identifiers = [name for name in free if _is_identifier(look.cells(name))]
    lines += _status_lines(look, status)
    lines += [f"ignore = [{', '.join(map(quoted, identifiers))}]   # different in every row"] if identifiers else []
    home = [f"{name.split('.')[1]} = {quoted(column)}" for name, column in fields.items() if "." in name]
    lines += ["", "[leads.property]", *home] if home else []
    lines += _outcome_lines(time, closing) if status else []
    rest = [name for name in free if name not in identifiers]
    return "\n".join([*lines, *_attribute_lines(look, rest, status)]) + "\n"


def _no_time(look: Look, id_column: str | None) -> list[str]:
    order, first = id_column or "@row", min(_numbers(look.columns[id_column])) if id_column else 1
    return [
        "# No column holds a time. If the rows or their numbers are in order of arrival, that order is the clock:",
        f'created_at = {{ order = {quoted(order)}, origin = {first}, start = "2020-01-01T00:00:00Z", step = "1m" }}',
    ]


def _fields(look: Look, taken: Iterable[str | None]) -> dict[str, str]:
    free = {name.casefold().strip(): name for name in look.header if name not in set(taken)}
    found: dict[str, str] = {}
    for field in FIELDS:
        for word in FIELD_WORDS[field]:
            if word in free and free[word] not in found.values():
                found[field] = free[word]
                break
    return found


def _is_identifier(cells: Sequence[Any]) -> bool:
    return len(cells) > 20 and len(set(map(str, cells))) == len(cells) and kind_of(cells[0]) == "text"


def _status_lines(look: Look, status: str | None) -> list[str]:
    if status is None:
        example = '# status = { column = "...", won = ["..."], lost = ["..."] }'
        return ["# No column says what became of a lead; name it:", example]
    words = [word for word, _ in Counter(str(cell).strip() for cell in look.cells(status)).most_common(50)]
    won = [word for word in words if meaning_of(word) is True]
    lost = [word for word in words if meaning_of(word) is False]
    renamed = dict.fromkeys(won, "CONVERTED") | dict.fromkeys(lost, "LOST")
    if set(words) == set(renamed) and len(words) == 2:
        pairs = ", ".join(f"{_key(word)} = {quoted(name)}" for word, name in renamed.items())
        return [f'status = {{ column = {quoted(status)}, words = {{ {pairs} }}, won = "CONVERTED", lost = "LOST" }}']
    lists = f"won = {_list(won)}, lost = {_list(lost)}"
    return [f"# All its words: {', '.join(words[:20])}.", f"status = {{ column = {quoted(status)}, {lists} }}"]


def _list(words: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, words))}]"


def _outcome_lines(time: tuple[str, str] | None, closing: tuple[str, str] | None) -> list[str]:
    reason = "# When a lead was decided. Without this all we know is that it was by the end of the records."
    lines = ["", "[leads.outcome]", reason]
    if time and closing:
        return [*lines, f"at = {_time_value(closing)}"]
    return [*lines, '# at = "closed_at"'] if time else [*lines, 'after_creation = "1h"']


def _attribute_lines(look: Look, names: Sequence[str], status: str | None) -> list[str]:
    target = None if status is None else [meaning_of(cell) is True for cell in look.columns[status]]
    found = suspicions({name: _readable(look, name) for name in names}, target)
    lines = ["", "[leads.attributes]", '"*" = "creation"                           # what the lead brought with it']
    if found:
        lines.append("# These look as if they were filled later. Say `contact` or `outcome` where you know it.")
    return lines + [f'{_key(name)} = "unknown"  # {reason}' for name, reason in _in_order(names, found)]


def _in_order(names: Sequence[str], found: dict[str, Suspicion]) -> Iterable[tuple[str, str]]:
    return ((name, found[name].reason) for name in names if name in found)


def _readable(look: Look, name: str) -> list[Any]:
    read: Callable[[Any], Any] = number if look.kind(name) == "number" else (lambda cell: str(cell).strip())
    empty = frozenset(look.placeholders)
    return [_value(read, cell) if filled(cell, empty) else None for cell in look.columns[name]]


def _value(read: Callable[[Any], Any], cell: Any) -> Any:
    try:
        return read(cell)
    except RowProblem:
        return None


def _events_mapping(look: Look, case: str, time: tuple[str, str]) -> str:
    rest = [name for name in look.header if name not in (case, time[0]) and look.cells(name)]
    counts = {name: len(set(map(str, look.cells(name)))) for name in rest}
    kinds = [name for name in rest if look.kind(name) == "text" and 2 <= counts[name] <= 200] or rest[:1]
    kind = kinds[0] if kinds else case
    words = Counter(str(cell).strip() for cell in look.cells(kind)).most_common(30)
    return "\n".join(
        [
            *_top(look),
            "[events]",
            f"case = {quoted(case)}",
            f"occurred_at = {_time_value(time)}",
            f"kind = {quoted(kind)}",
            "",
            "# The first rule that fits counts; what none names is an event of its own kind. The kinds found:",
            *(f"#   {word}: {count:,}" for word, count in words),
            "",
            "# [[events.rules]]",
            f'# when = {{ {_key(kind)} = ["..."] }}',
            '# kind = "message"                          # or "appointment"',
            '# direction = "OUTBOUND"',
            "",
            "# [[events.rules]]",
            f'# when = {{ {_key(kind)} = ["..."] }}',
            '# outcome = "won"                           # or "lost"; `echo = true` for what follows at once from it',
            "",
        ]
    )
