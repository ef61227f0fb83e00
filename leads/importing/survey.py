"""The first pass over a file, which writes nothing: the kinds of its columns, its number of rows, its last instant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from leads.importing.event_rows import EventReader
from leads.importing.files import Table
from leads.importing.lead_rows import LeadReader
from leads.importing.mapping import FileMapping
from leads.importing.values import RowProblem, filled, kind_of

# A column holds numbers or dates if nearly all of its cells do: the others are reported as mistakes.
NEARLY_ALL = {"number": 0.99, "date": 0.99, "boolean": 1.0}
REPORT_EVERY = 20_000
Progress = Callable[[str, int, int], None]


def in_silence(stage: str, done: int, total: int) -> None:
    """Progress that nobody follows: does nothing."""


_kind_of_text = lru_cache(maxsize=50_000)(kind_of)


@dataclass
class ColumnSurvey:
    """What the filled cells of a column look like, in a file with that decimal sign."""

    decimal: str = "."
    kinds: Counter[str] = field(default_factory=Counter)

    def see(self, cell: Any) -> None:
        """Counts one filled cell."""
        self.kinds[_kind_of_text(cell, self.decimal) if isinstance(cell, str) else kind_of(cell)] += 1

    @property
    def kind(self) -> str:
        """`number` or `date` where nearly all cells are, `boolean` where all are, else `text`."""
        filled_cells = sum(self.kinds.values())
        for kind, share in NEARLY_ALL.items():
            if filled_cells and self.kinds[kind] >= share * filled_cells:
                return kind
        return "text"


@dataclass
class Survey:
    """Of one file: its rows, its columns, and the last instant that it tells of."""

    rows: int = 0
    latest: datetime | None = None
    columns: dict[str, ColumnSurvey] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each column."""
        return {name: column.kind for name, column in self.columns.items()}

    def see(self, moment: datetime | None) -> None:
        """Keeps the latest instant."""
        if moment is not None and (self.latest is None or moment > self.latest):
            self.latest = moment


def survey_leads(
    table: Table,
    mapping: FileMapping,
    verdict_of: Callable[[str], bool | None],
    at: datetime,
    progress: Progress = in_silence,
) -> Survey:
    """Reads a leads file through, at a moment. `verdict_of` says what a status means. Raises FileProblem."""
    survey = Survey(columns={name: ColumnSurvey(mapping.file.decimal) for name in table.header})
    reader = LeadReader(mapping, table.header, {}, verdict_of, at)
    columns = [survey.columns[name] for name in table.header]
    for row in table:
        survey.rows += 1
        if survey.rows % REPORT_EVERY == 0:
            progress("reading", table.position, table.size)
        if row.problem is None:
            _see_cells(columns, row.cells, mapping.placeholders)
            _see_lead(survey, reader, row.cells)
    return survey


def _see_cells(columns: list[ColumnSurvey], cells: Sequence[Any], placeholders: frozenset[str]) -> None:
    for column, cell in zip(columns, cells, strict=True):
        if filled(cell, placeholders):
            column.see(cell)


def _see_lead(survey: Survey, reader: LeadReader, cells: Sequence[Any]) -> None:
    try:
        created_at = reader.clock.created_at(survey.rows, cells)
        survey.see(created_at)
        survey.see(reader.decided_at(created_at, cells))
    except RowProblem:
        return


def survey_events(table: Table, mapping: FileMapping, progress: Progress = in_silence) -> Survey:
    """Reads an events file through, for its rows and its last instant only."""
    survey, reader = Survey(), EventReader(mapping, table)
    for row in table:
        survey.rows += 1
        if survey.rows % REPORT_EVERY == 0:
            progress("reading", table.position, table.size)
        if row.problem is None:
            try:
                survey.see(reader.occurred_at(row.cells))
            except RowProblem:
                continue
    return survey
