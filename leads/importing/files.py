"""A file as rows: CSV of any delimiter or one JSON object a line, gzipped or not, in bounded memory.

A row that cannot be read is a row with a problem, never an exception; `FileProblem` is for files that cannot be read.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from leads.importing.mapping import FileMap

MAX_LINE = 1 << 20
MAX_COLUMNS = 2_000
MAX_DEPTH = 5
SAMPLE = 1 << 16
DELIMITERS = (",", ";", "\t", "|")
NAMED_DELIMITER = re.compile(r'"?sep=(.)"?[\r\n]+', re.IGNORECASE)
"""The first line of a file that was written for a spreadsheet."""
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
BROKEN = "the text is not in the file's encoding"
# A text in UTF-16 that has no mark, or ends within a character, is damaged, too.
DAMAGED = (EOFError, OSError, zlib.error, UnicodeError)


class FileProblem(Exception):
    """The file as a whole cannot be read; the text says why."""


class EncodingProblem(FileProblem):
    """The file is in another encoding."""


@dataclass(frozen=True)
class Source:
    """A file to read: `name` is what it is called in reports, `max_bytes` how large it may be unpacked."""

    path: Path
    name: str
    max_bytes: int | None = None


class Row(NamedTuple):
    """One row: where it begins, its cells in the order of the header, and why it cannot be read, if so."""

    line: int
    cells: Sequence[Any]
    problem: str | None = None


class _Bounded(io.RawIOBase):
    """Bytes of a file, which stop with a FileProblem where there are more than allowed."""

    def __init__(self, inner: BinaryIO, limit: int | None) -> None:
        self._inner, self._left = inner, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._inner.read(len(buffer))
        if self._left is not None:
            self._left -= len(part)
            if self._left < 0:
                raise FileProblem("The file unpacks to more than may be imported at once; split it.")
        buffer[: len(part)] = part
        return len(part)


@dataclass
class Lines:
    """Lines of text, each at most MAX_LINE characters, with what is wrong in the ones just read."""

    text: io.TextIOBase
    problem: str | None = None
    count: int = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(MAX_LINE):
            self.count += 1
            if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
                self._skip_rest()
                self.problem, line = "the line is longer than a million characters", "\n"
            elif not line.isascii() and _is_broken(line):
                self.problem = BROKEN
            elif "\x00" in line:
                self.problem = "the text holds a NUL character"
            yield line

    def _skip_rest(self) -> None:
        while (rest := self.text.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
            pass

    def take_problem(self) -> str | None:
        """What was wrong since the last call."""
        problem, self.problem = self.problem, None
        return problem


def _is_broken(line: str) -> bool:
    return any("\ud800" <= character <= "\udfff" or character == "\ufffd" for character in line)


def unstorable(text: str) -> bool:
    """Whether a text holds NUL or half of a surrogate pair, which no database keeps."""
    return "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text)


class Table:
    """The rows of one file. Iterating reads it once from the beginning; `position` is how far, in bytes of the file."""

    def __init__(self, source: Source, shape: FileMap) -> None:
        self.source, self.shape = source, shape
        self._file: BinaryIO | None = None
        self.size = source.path.stat().st_size
        sample = self._sample()
        self.is_json = sample.lstrip().startswith("{")
        if sample.lstrip().startswith("["):
            raise FileProblem("The file is one JSON array; write one object a line instead.")
        named = NAMED_DELIMITER.match(sample)
        self._begins_below = bool(named)
        found = named[1] if named else "" if self.is_json else sniff(sample, shape.quote)
        self.delimiter = shape.delimiter or found
        self.header = self._keys() if self.is_json else self._first_row()

    @property
    def position(self) -> int:
        """How many bytes of the file have been read."""
        return self._file.tell() if self._file and not self._file.closed else self.size

    def digest(self, cells: Sequence[Any]) -> str:
        """A name for a row by its content, the same whenever the file is read; it need only be unique for one lead."""
        if self.is_json:
            cells = [f"{name}={cell}" for name, cell in zip(self.header, cells, strict=True) if cell is not None]
        return blake2b("\x1f".join(cells).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def __iter__(self) -> Iterator[Row]:
        with self._read() as lines:
            yield from self._json_rows(lines) if self.is_json else self._csv_rows(lines)

    @contextmanager
    def _read(self) -> Iterator[Lines]:
        """The file's lines from the beginning. Raises FileProblem where they end in damage."""
        try:
            with self.source.path.open("rb") as self._file:
                yield Lines(self._text(self._file))
        except DAMAGED as error:
            raise FileProblem(f"The file is damaged: {error}") from error

    def _text(self, file: BinaryIO) -> io.TextIOWrapper:
        start = file.read(4)
        file.seek(0)
        if start.startswith(ZIP):
            raise FileProblem("This is a zip archive or an Excel workbook; save the sheet as CSV.")
        inner = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if start.startswith(GZIP) else file
        raw = io.BufferedReader(_Bounded(inner, self.source.max_bytes), SAMPLE)
        encoding = self.shape.encoding or MARKS.get(raw.peek(2)[:2], "utf-8-sig")
        errors = "replace" if encoding == "utf-16" else "surrogateescape"
        return io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline="")

    def _sample(self) -> str:
        try:
            with self.source.path.open("rb") as file:
                sample = self._text(file).read(SAMPLE)
        except (*DAMAGED, LookupError) as error:
            raise FileProblem(f"The file cannot be read: {error}") from error
        if not sample.strip():
            raise FileProblem("The file is empty.")
        return sample

    def _reader(self, lines: Lines) -> Any:
        if self._begins_below:
            next(iter(lines))
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.shape.quote)

    def _first_row(self) -> list[str]:
        with self._read() as lines:
            try:
                cells = next(cells for cells in self._reader(lines) if any(cells))
            except (csv.Error, StopIteration) as error:
                raise FileProblem(f"The header cannot be read: {error}") from error
        if lines.problem:
            problem = EncodingProblem if lines.problem == BROKEN else FileProblem
            raise problem(f"The header cannot be read: {lines.problem}.")
        return checked_header([cell.strip() or f"column {place}" for place, cell in enumerate(cells, 1)])

    def _csv_rows(self, lines: Lines) -> Iterator[Row]:
        reader, width, is_header = self._reader(lines), len(self.header), True
        while True:
            line = lines.count + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                lines.take_problem()
                yield Row(line, [], f"the row cannot be read: {error}")
                continue
            problem = lines.take_problem() if lines.problem else None
            if not any(cells):
                cells = []  # a spreadsheet's empty row: as many empty cells as it has columns
            if is_header:
                is_header = not cells
            elif problem or (cells and len(cells) != width):
                yield Row(line, cells, problem or f"{len(cells)} cells where the header has {width}")
            elif cells:
                yield Row(line, cells)

    def _keys(self) -> list[str]:
        names: dict[str, None] = {}
        with self._read() as lines:
            for line in lines:
                record = lines.take_problem() or _json_object(line)
                if isinstance(record, dict):
                    names |= dict.fromkeys(record)
                    checked_header(list(names))
        return list(names)

    def _json_rows(self, lines: Lines) -> Iterator[Row]:
        for line in lines:
            problem = lines.take_problem()
            if not line.strip() and not problem:
                continue
            record = problem or _json_object(line)
            if isinstance(record, str):
                yield Row(lines.count, [line.strip()], record)
            else:
                yield Row(lines.count, [record.get(name) for name in self.header])


def checked_header(names: list[str]) -> list[str]:
    """The names of the columns. Raises FileProblem where they cannot be told apart."""
    if len(names) > MAX_COLUMNS:
        raise FileProblem(f"The file has more than {MAX_COLUMNS:,} columns.")
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise FileProblem(f"The header names a column twice: {', '.join(twice)}.")
    return names


def sniff(sample: str, quote: str) -> str:
    """The delimiter that parts the first lines into the most columns, alike in nearly all of them."""
    lines = sample.splitlines(keepends=True)[:200]
    lines = lines[:-1] if len(lines) > 1 and len(sample) == SAMPLE else lines
    best, most = ",", 1
    for delimiter in DELIMITERS:
        widths = _widths(lines, delimiter, quote)
        alike = sum(width == widths[0] for width in widths) if widths else 0
        if widths and widths[0] > most and alike >= 0.8 * len(widths):
            best, most = delimiter, widths[0]
    return best


def _widths(lines: list[str], delimiter: str, quote: str) -> list[int]:
    try:
        return [len(cells) for cells in csv.reader(lines, delimiter=delimiter, quotechar=quote) if cells]
    except csv.Error:
        return []


def _json_object(line: str) -> dict[str, Any] | str:
    """The object on a line, its nested objects flattened to dotted names; or why there is none."""
    try:
        record = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return f"not valid JSON: {error}"
    if not isinstance(record, dict):
        return "not a JSON object"
    flat: dict[str, Any] = {}
    _flatten(record, "", flat, 0)
    # Only an escape can bring in what the line itself does not hold.
    if "\\u" in line and any(isinstance(text, str) and unstorable(text) for text in (*flat, *flat.values())):
        return "a text holds a character that cannot be stored"
    return flat


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _flatten(record: dict[str, Any], prefix: str, flat: dict[str, Any], depth: int) -> None:
    for name, value in record.items():
        if isinstance(value, dict) and depth < MAX_DEPTH:
            _flatten(value, f"{prefix}{name}.", flat, depth + 1)
        else:
            flat[prefix + name] = value
