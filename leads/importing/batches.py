"""A file's rows as records, in batches of bounded size; rows that cannot be read come with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from leads.importing.files import Row, Table
from leads.importing.values import RowProblem

Pending = list[tuple[Row, Any]]
Refused = list[tuple[Row, str]]
Read = Callable[[int, Sequence[Any]], Any]


@dataclass
class Batch:
    """Rows and their records, rows refused, and how far in the file they reach. `rows` counts all, ignored ones too."""

    pending: Pending = field(default_factory=list)
    refused: Refused = field(default_factory=list)
    rows: int = 0
    ignored: int = 0
    position: int = 0


def batches(table: Table, read: Read, at_once: int) -> Iterator[Batch]:
    """All rows of a file; `read` takes the number of the row in the file, from 1, and its cells."""
    batch = Batch()
    for number, row in enumerate(table, 1):
        _add(batch, row, read, number)
        if batch.rows == at_once:
            batch.position = table.position
            yield batch
            batch = Batch()
    batch.position = table.size
    yield batch


def _add(batch: Batch, row: Row, read: Read, number: int) -> None:
    batch.rows += 1
    if row.problem is not None:
        batch.refused.append((row, row.problem))
        return
    try:
        record = read(number, row.cells)
    except RowProblem as problem:
        batch.refused.append((row, str(problem)))
        return
    if record is None:
        batch.ignored += 1
    else:
        batch.pending.append((row, record))
