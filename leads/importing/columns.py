"""Which column of a file is what, by its name and its first rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from leads.importing.files import BROKEN, EncodingProblem, FileProblem, Source, Table
from leads.importing.foresight import AFTERWARDS, words_in
from leads.importing.mapping import FileMap
from leads.importing.values import RowProblem, filled, identity, kind_of, parsed

# So many rows are looked at; the rest of the file is taken to be like them.
ROWS = 20_000
SPREADSHEETS = "cp1252"
PLACEHOLDERS = ("Select", "N/A", "n/a", "NA", "NULL", "null", "None", "none", "-", "--", "?", "nan", "NaN", "#N/A")
# Where both fit, the day stands before the month, and the proposal says that it may be otherwise (`other_order`).
DAYS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
)
HOURS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", ", %H:%M", ", %I:%M %p")
FORMS = ("iso", *(day + hour for day in DAYS for hour in HOURS))
THIS_CENTURY = tuple(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2100))
PARTED_DIGITS = re.compile(r"\d\D+\d")
ID_WORDS = re.compile(r"(^|[ _.-])(id|no|nr|number|num|key|dossier|case)($|[ _.-])", re.IGNORECASE)
PLAIN = re.compile(r"[+-]?\d+")
# Three digits may as well be thousands, unless what stands before them cannot be.
COMMA, POINT = (re.compile(rf"[+-]?(\d+{sign}(\d{{1,2}}|\d{{4,}})|(0|\d{{4,}}){sign}\d{{3}})") for sign in (",", r"\."))
# With a sign or name of a currency, or thousands apart: $1,234.56, 1.234,56 €, EUR 99, 1 234.
CURRENCY = re.compile(r"[$€£¥₹₽₺₴]|\b[A-Z]{3}\b|\b(Fr\.?|kr\.?|zł|Kč)")
SUM = re.compile(r"[+-]?\(?(\d{1,3}([.,'’ \u00a0\u202f]\d{3})+|\d+)([.,]\d+)?\)?")
PHONE_WORDS = re.compile(r"phone|mobile|fax|telefon|t[eé]l[eé]phone|\b(tel|cell|handy|portable)\b", re.IGNORECASE)
DIGITS_OF_A_PHONE = 6
CREATION_WORDS = re.compile(r"creat|regist|arriv|receiv|reg_", re.IGNORECASE)
TIME_WORDS = re.compile(r"date|time|since|start", re.IGNORECASE)
PLANNED_WORDS = re.compile(r"\b(due|planned|scheduled|next|deadline)\b", re.IGNORECASE)
CLOSING_WORDS = re.compile(r"\b(closed?(date)?|closing|won|lost|decided|converted|abgeschlossen)\b", re.IGNORECASE)
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
        "closed_converted",
        "gewonnen",
        "gagné",
        "gagnée",
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
        "closed_not_converted",
        "unqualified",
        "not_qualified",
        "junk_lead",
        "lost_lead",
        "verloren",
        "perdu",
        "perdue",
    )
)
EVENT_WORDS = re.compile(
    r"\b(activit(y|ies)|events?|calls?|messages?|e?mails?|tasks?|meetings?|engagements?|interactions?|appointments?)\b",
    re.IGNORECASE,
)
CASE_WORDS = re.compile(r"case|lead|dossier|deal|customer|client|contact", re.IGNORECASE)


@dataclass(frozen=True)
class Look:
    """The first rows of a file, column by column."""

    header: tuple[str, ...]
    columns: dict[str, list[Any]]
    placeholders: tuple[str, ...]
    delimiter: str
    encoding: str | None
    name: str
    decimal: str = "."

    def cells(self, column: str) -> list[Any]:
        """The filled cells of a column."""
        empty = frozenset(self.placeholders)
        return [cell for cell in self.columns[column] if filled(cell, empty)]

    def kind(self, column: str) -> str:
        """What nearly all filled cells look like."""
        kinds = Counter(kind_of(cell, self.decimal) for cell in self.cells(column))
        kind, count = kinds.most_common(1)[0] if kinds else ("text", 0)
        return kind if count >= 0.99 * kinds.total() else "text"


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
    look = Look(tuple(table.header), columns, placeholders, table.delimiter, encoding, source.name)
    return replace(look, decimal=find_decimal(look))


def find_decimal(look: Look) -> str:
    """The sign before a number's decimals: a comma where a column has such numbers and none has them with a point.

    1,234 may be thousands, so that alone it says nothing.
    """
    by_comma, by_point = (
        [name for name in look.header if _has_decimals(look.cells(name), sign)] for sign in (COMMA, POINT)
    )
    return "," if by_comma and not by_point else "."


def _has_decimals(cells: Sequence[Any], sign: re.Pattern[str]) -> bool:
    words = [cell.strip() for cell in cells if isinstance(cell, str)]
    found = sum(bool(sign.fullmatch(word)) for word in words)
    plain = sum(bool(PLAIN.fullmatch(word)) for word in words)
    return bool(found) and found + plain >= NEARLY_ALL * len(cells)


def dressed_sums(look: Look, name: str) -> str | None:
    """A cell of a column of sums that no import reads as numbers, for their currency or thousands; None for others."""
    no_numbers = [cell for cell in look.cells(name)[:2_000] if kind_of(cell, look.decimal) != "number"]
    dressed = [cell for cell in no_numbers if _is_sum(str(cell))]
    are_sums = bool(dressed) and len(dressed) >= NEARLY_ALL * len(no_numbers)
    return str(dressed[0]).strip() if are_sums and not holds_phones(look, name) else None


def _is_sum(word: str) -> bool:
    return bool(SUM.fullmatch(CURRENCY.sub("", word).strip()))


def find_id(look: Look) -> str | None:
    """The column whose cells are different positive whole numbers, a telling name first."""
    unique = [name for name in look.header if _different_numbers(look.columns[name]) and not holds_phones(look, name)]
    named = [name for name in unique if ID_WORDS.search(name)]
    return next(iter([*named, *(name for name in unique if name == look.header[0])]), None)


def _different_numbers(cells: Sequence[Any]) -> bool:
    return bool(cells) and len(set(numbers_in(cells))) >= NEARLY_ALL * len(cells)


def holds_phones(look: Look, name: str) -> bool:
    """Whether a column is of telephone numbers, which are no numbers: by its name and its cells."""
    if not PHONE_WORDS.search(words_in(name)):
        return False
    return all(sum(map(str.isdigit, str(cell))) >= DIGITS_OF_A_PHONE for cell in look.cells(name)[:100])


def numbers_in(cells: Sequence[Any]) -> Iterable[int]:
    """Those of the cells that can be a lead's number."""
    for cell in cells:
        with suppress(RowProblem):
            yield identity(cell)


def find_time(look: Look) -> tuple[str, str] | None:
    """The column that tells when a lead came, and its form."""
    return min(_times(look), key=lambda each: _against_creation(look, each[0]), default=None)


def _times(look: Look) -> list[tuple[str, str]]:
    forms = {name: time_form(look.cells(name)) or epoch_form(name, look.cells(name)) for name in look.header}
    return [(name, form) for name, form in forms.items() if form]


def _against_creation(look: Look, name: str) -> tuple[bool, ...]:
    """What speaks against a column of times, the weightiest first: each lead came, and came before all else."""
    cells = look.columns[name]
    return (
        bool(AFTERWARDS.search(words_in(name)) or PLANNED_WORDS.search(words_in(name))),
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
    if not all(PARTED_DIGITS.search(cell) for cell in sample[:50]):
        return None  # most columns, spared a hundred forms
    return next((form for form in FORMS if all(_is_of(form, cell) for cell in sample)), None)


def epoch_form(name: str, cells: Sequence[Any]) -> str | None:
    """Seconds or milliseconds since 1970: whole numbers of this century, in a column that is called a time."""
    words = words_in(name)
    is_time = CREATION_WORDS.search(words) or TIME_WORDS.search(words) or CLOSING_WORDS.search(words)
    if not cells or not is_time or ID_WORDS.search(words):
        return None
    found = list(numbers_in(cells))
    for form, unit in (("epoch", 1), ("epoch_ms", 1_000)):
        if len(found) == len(cells) and all(THIS_CENTURY[0] * unit <= each < THIS_CENTURY[1] * unit for each in found):
            return form
    return None


def other_order(look: Look, time: tuple[str, str]) -> str | None:
    """The form with month and day the other way round, where all times of the column are of that form, too."""
    name, form = time
    swapped = re.sub(r"%([dm])(.)%([dm])", r"%\3\2%\1", form)
    is_open = swapped in FORMS and swapped != form
    return swapped if is_open and all(_is_of(swapped, cell.strip()) for cell in look.cells(name)) else None


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


def is_of_events(name: str) -> bool:
    """Whether a column of ids is called one of activities, calls and the like, which are no leads."""
    words = words_in(name)
    return bool(EVENT_WORDS.search(words)) and not CASE_WORDS.search(words)


def find_case(look: Look) -> str | None:
    """The column of numbers that by its name says which lead a row is of, where it has several rows a lead."""
    for name in look.header:
        cells = look.cells(name)
        is_number = bool(cells) and all(kind_of(cell) == "number" for cell in cells[:100])
        if is_number and CASE_WORDS.search(name) and len(set(cells)) < len(cells):
            return name
    return None
