"""Proposing a mapping from a file itself, with a warning of columns that look as if they were filled afterwards."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from leads.importing.columns import (
    Look,
    dressed_sums,
    find_case,
    find_closing,
    find_id,
    find_status,
    find_time,
    holds_phones,
    is_of_events,
    look_at,
    meaning_of,
    numbers_in,
    other_order,
    time_form,
)
from leads.importing.event_rows import DIRECTIONS
from leads.importing.files import Source
from leads.importing.foresight import Suspicion, suspicions
from leads.importing.lead_rows import LIMITS
from leads.importing.mapping_toml import FIELDS
from leads.importing.values import RowProblem, filled, kind_of, number

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

COUNTED = [
    "# No column holds a different number for each row, so the rows are counted: the first is lead 1. Later files must",
    "# keep these rows in this order, and add new ones at the end; else what they tell is told of other leads.",
]


def propose(source: Source) -> str:
    """A mapping in TOML for a file of leads, or of events where it has several rows a lead. Raises FileProblem."""
    look = look_at(source)
    id_column, time = find_id(look), find_time(look)
    is_of_leads = id_column is not None and not is_of_events(id_column)
    if not is_of_leads and (case := find_case(look)) is not None and time is not None:
        return _events_mapping(look, case, time, id_column)
    status = find_status(look, {id_column, time and time[0]})
    return _leads_mapping(look, id_column, time, status)


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
    shape += [f"decimal = {quoted(look.decimal)}"] if look.decimal != "." else []
    return [*lines, *(["", "[file]", *shape] if shape else []), ""]


def _time_value(time: tuple[str, str]) -> str:
    name, form = time
    return quoted(name) if form == "iso" else f"{{ column = {quoted(name)}, format = {quoted(form)} }}"


def _doubt(look: Look, time: tuple[str, str]) -> list[str]:
    swapped = other_order(look, time)
    reason = "# No day is above 12, so which is the month cannot be seen. If it is the other one:"
    return [f"{reason} format = {quoted(swapped)}"] if swapped else []


def _leads_mapping(look: Look, id_column: str | None, time: tuple[str, str] | None, status: str | None) -> str:
    lines = [*_top(look, is_past=time is None), "[leads]", f"id = {quoted(id_column or '@row')}"]
    lines += [] if id_column else COUNTED
    lines += [*_doubt(look, time), f"created_at = {_time_value(time)}"] if time else _no_time(look, id_column)
    closing = find_closing(look, {id_column, status, time and time[0]}) if status else None
    fields = _fields(look, {id_column, status, time and time[0], closing and closing[0]})
    lines += [f"{name} = {quoted(column)}" for name, column in fields.items() if "." not in name]
    taken = {id_column, status, time and time[0], closing and closing[0], *fields.values()}
    free = [name for name in look.header if name not in taken]
    identifiers = [name for name in free if _is_identifier(look, name) or holds_phones(look, name)]
    lines += _status_lines(look, status)
    lines += [f"ignore = {_list(identifiers)}   # different in every row, or telephones"] if identifiers else []
    home = [f"{name.split('.')[1]} = {quoted(column)}" for name, column in fields.items() if "." in name]
    lines += ["", "[leads.property]", *home] if home else []
    lines += _outcome_lines(look, time, closing) if status else []
    rest = [name for name in free if name not in identifiers]
    return "\n".join([*lines, *_attribute_lines(look, rest, status), *_sum_lines(look, free)]) + "\n"


def _no_time(look: Look, id_column: str | None) -> list[str]:
    order, first = id_column or "@row", min(numbers_in(look.columns[id_column])) if id_column else 1
    return [
        "# No column holds a time. If the rows or their numbers are in order of arrival, that order is the clock:",
        f'created_at = {{ order = {quoted(order)}, origin = {first}, start = "2020-01-01T00:00:00Z", step = "1m" }}',
    ]


def _fields(look: Look, taken: Iterable[str | None]) -> dict[str, str]:
    free = {name.casefold().strip(): name for name in look.header if name not in set(taken)}
    found: dict[str, str] = {}
    for field in FIELDS:
        for word in FIELD_WORDS[field]:
            if word in free and free[word] not in found.values() and _can_be(field, look, free[word]):
                found[field] = free[word]
                break
    return found


def _can_be(field: str, look: Look, name: str) -> bool:
    """Whether a column can be a field: one of sums in which few cells are numbers would have most rows rejected."""
    cells = look.cells(name)
    return field not in LIMITS or 2 * sum(kind_of(cell, look.decimal) == "number" for cell in cells) >= len(cells)


def _is_identifier(look: Look, name: str) -> bool:
    cells = look.cells(name)
    is_different = len(cells) > 20 and len(set(map(str, cells))) == len(cells)
    is_text = is_different and kind_of(cells[0], look.decimal) == "text"
    return is_text and not dressed_sums(look, name) and not time_form(cells)


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
        doubt = "# With these two words alone, who is still open counts as lost. If some are, without `lost`: words ="
        return [
            f'{doubt} {{ {_key(won[0])} = "CONVERTED", {_key(lost[0])} = "OPEN" }}',
            f'status = {{ column = {quoted(status)}, words = {{ {pairs} }}, won = "CONVERTED", lost = "LOST" }}',
        ]
    lists = f"won = {_list(won)}, lost = {_list(lost)}"
    return [
        f"# All its words: {', '.join(words[:20])}.",
        *(f"# None of them is known to mean {fate}: name those that do." for fate in _unknown(won, lost)),
        f"status = {{ column = {quoted(status)}, {lists} }}",
    ]


def _unknown(won: Sequence[str], lost: Sequence[str]) -> list[str]:
    return [fate for fate, words in (("won", won), ("lost", lost)) if not words]


def _list(words: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, words))}]"


def _outcome_lines(look: Look, time: tuple[str, str] | None, closing: tuple[str, str] | None) -> list[str]:
    reason = "# When a lead was decided. Without this all we know is that it was by the end of the records."
    lines = ["", "[leads.outcome]", reason]
    if time and closing:
        return [*lines, *_doubt(look, closing), f"at = {_time_value(closing)}"]
    return [*lines, '# at = "closed_at"'] if time else [*lines, 'after_creation = "1h"']


def _attribute_lines(look: Look, names: Sequence[str], status: str | None) -> list[str]:
    target = None if status is None else [meaning_of(cell) is True for cell in look.columns[status]]
    found = suspicions({name: _readable(look, name) for name in names}, target)
    lines = ["", "[leads.attributes]", '"*" = "creation"                           # what the lead brought with it']
    lines += [line for name in names if name not in found for line in _attribute(look, name, None)]
    if found:
        lines.append("# These look as if they were filled later. Say `contact` or `outcome` where you know it.")
    return lines + [line for name in names if name in found for line in _attribute(look, name, found[name])]


def _attribute(look: Look, name: str, suspicion: Suspicion | None) -> list[str]:
    """The lines for a column of which more is to be said than `"*"` says: it is suspect, or holds dates not in ISO."""
    known, because = ("unknown", f"  # {suspicion.reason}") if suspicion else ("creation", "")
    form = time_form(look.cells(name))
    if form and form != "iso":
        dates = f'{{ known = "{known}", kind = "date", format = {quoted(form)} }}'
        return [*_doubt(look, (name, form)), f"{_key(name)} = {dates}{because}"]
    return [f'{_key(name)} = "{known}"{because}'] if suspicion else []


def _sum_lines(look: Look, names: Sequence[str]) -> list[str]:
    dressed = [f"{quoted(name)} ({cell})" for name in names if (cell := dressed_sums(look, name))]
    reason = (
        "# Sums that are no plain numbers. Export these without currency and thousands separators, or no model counts"
    )
    return [reason, f"# with them: {', '.join(dressed)}."] if dressed else []


def _readable(look: Look, name: str) -> list[Any]:
    read: Callable[[Any], Any] = (
        partial(number, decimal=look.decimal) if look.kind(name) == "number" else (lambda cell: str(cell).strip())
    )
    empty = frozenset(look.placeholders)
    return [_value(read, cell) if filled(cell, empty) else None for cell in look.columns[name]]


def _value(read: Callable[[Any], Any], cell: Any) -> Any:
    try:
        return read(cell)
    except RowProblem:
        return None


def _events_mapping(look: Look, case: str, time: tuple[str, str], id_column: str | None) -> str:
    rest = [name for name in look.header if name not in (case, time[0], id_column) and look.cells(name)]
    ways = [name for name in rest if {str(cell).strip().upper() for cell in look.cells(name)} <= set(DIRECTIONS)]
    rest = [name for name in rest if name not in ways]
    counts = {name: len(set(map(str, look.cells(name)))) for name in rest}
    kinds = [name for name in rest if look.kind(name) == "text" and 2 <= counts[name] <= 200] or rest[:1]
    kind = kinds[0] if kinds else case
    words = Counter(str(cell).strip() for cell in look.cells(kind)).most_common(30)
    return "\n".join(
        [
            *_top(look),
            "[events]",
            f"case = {quoted(case)}",
            *_doubt(look, time),
            f"occurred_at = {_time_value(time)}",
            f"kind = {quoted(kind)}",
            *([f"id = {quoted(id_column)}"] if id_column else []),
            *(f"direction = {quoted(name)}" for name in ways[:1]),
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
