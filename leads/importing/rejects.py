"""The rows that could not be taken, with line and reason: the first ones in memory, all of them in a file if wanted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Self

from common.spreadsheets import harmless

KEPT = 1_000
MAX_SHOWN = 2_000
HEADER = ("file", "line", "reason", "row")


class Rejects:
    """Takes rejected rows as they come. The file is made with the first one: no rejects, no file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path, self.count = path, 0
        self.first: list[dict[str, Any]] = []
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, file: str, line: int, reason: str, cells: Sequence[Any]) -> None:
        """Notes one row."""
        self.count += 1
        reject = {"file": file, "line": line, "reason": storable(reason), "row": storable(_as_line(cells))[:MAX_SHOWN]}
        if len(self.first) < KEPT:
            self.first.append(reject)
        if self.path is not None:
            self._write(reject)

    def _write(self, reject: dict[str, Any]) -> None:
        if self._writer is None:
            assert self.path is not None
            self._file = self.path.open("w", newline="", encoding="utf-8")
            self._writer = csv.writer(self._file)
            self._writer.writerow(HEADER)
        self._writer.writerow([harmless(reject[name]) for name in HEADER])


def _as_line(cells: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["" if cell is None else cell for cell in cells])
    return line.getvalue()


def storable(text: str) -> str:
    """The text without what neither the database nor a file can hold."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def as_csv(rejects: Iterable[dict[str, Any]]) -> str:
    """Rejected rows as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows([harmless(reject.get(name, "")) for name in HEADER] for reject in rejects)
    return text.getvalue()
