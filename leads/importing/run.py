"""The import: files read by a mapping, checked before anything is written, and taken in batch by batch.

Each batch is one transaction, and a row that is known already changes nothing: an import that was broken off is
finished by running it again.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from leads import bulk
from leads.importing.ahead import ahead
from leads.importing.batches import Batch, Pending, Refused, batches
from leads.importing.event_rows import EventReader
from leads.importing.files import Row, Source, Table
from leads.importing.lead_rows import LeadReader
from leads.importing.mapping import LAST_EVENT, EventsMap, FileMapping, LeadsMap, MappingProblem, missing_columns
from leads.importing.mapping_toml import meant
from leads.importing.organisation import as_told, prepare
from leads.importing.rejects import Rejects
from leads.importing.survey import Progress, Survey, in_silence, survey_events, survey_leads
from leads.importing.values import shown
from leads.intake import add_events, put_leads
from leads.models import Organisation
from leads.records import EventRecord, LeadRecord

LEADS_AT_ONCE = 4_000
EVENTS_AT_ONCE = 10_000
NAMES_SHOWN = 12
LEADS, EVENTS = "leads", "events"
SEEN = "CREATE TEMPORARY TABLE IF NOT EXISTS lead_import_seen (number bigint PRIMARY KEY, line bigint)"
NOTE_SEEN = """
INSERT INTO lead_import_seen (number, line) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
ON CONFLICT (number) DO UPDATE SET line = lead_import_seen.line RETURNING number, line
"""


@dataclass
class FileSummary:
    """What became of the rows of one file. `same` rows were known already; `ignored` ones a rule leaves out."""

    name: str
    content: str
    rows: int = 0
    created: int = 0
    changed: int = 0
    same: int = 0
    ignored: int = 0
    rejected: int = 0
    seconds: float = 0.0

    @property
    def accepted(self) -> int:
        """Rows that were read and taken, whether or not they were new."""
        return self.created + self.changed + self.same + self.ignored

    def in_words(self) -> str:
        """One sentence for a person."""
        parts = [f"{self.created:,} new"]
        parts += [f"{self.changed:,} changed"] if self.content == LEADS else []
        parts += [f"{self.same:,} known already", f"{self.rejected:,} rejected"]
        parts += [f"{self.ignored:,} ignored by the mapping"] if self.ignored else []
        speed = f"{self.rows / self.seconds:,.0f} rows a second" if self.seconds else "at once"
        return f"{self.name}: {self.rows:,} {self.content} read ({', '.join(parts)}), {speed}."


@dataclass
class ImportSummary:
    """What an import did."""

    files: list[FileSummary] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Doer:
    """For whom and by whom an import is done, and who hears of it."""

    org_id: str
    by: str
    rejects: Rejects
    progress: Progress
    dry_run: bool = False


@dataclass(frozen=True)
class Job:
    """What all steps of one import share."""

    organisation: Organisation
    doer: Doer


Store = Callable[[Job, Pending, FileSummary], Refused]
Read = Callable[[Table, FileMapping], Survey]


@dataclass(frozen=True)
class Surveyed:
    """A file that has been read through and can be taken, by the mapping as it fits this file."""

    content: str
    mapping: FileMapping
    table: Table
    survey: Survey


def import_files(
    *,
    org_id: str,
    mapping: FileMapping,
    leads: Sequence[Source] = (),
    events: Sequence[Source] = (),
    by: str,
    rejects: Rejects,
    progress: Progress = in_silence,
    dry_run: bool = False,
    summary: ImportSummary | None = None,
) -> ImportSummary:
    """Imports files of leads, then of events. Raises MappingProblem or FileProblem before anything is written.

    Where it raises later (events are damaged further on), the caller's own `summary` says what was taken until then.
    A dry run does the same in one transaction and takes it back.
    """
    summary = ImportSummary() if summary is None else summary
    with rare_collections():
        verdict_of = as_told(org_id, mapping).verdict_of
        read_leads = partial(survey_leads, verdict_of=verdict_of, at=timezone.now(), progress=progress)
        read_events = partial(survey_events, progress=progress)
        files = [*_surveyed(leads, LEADS, mapping, read_leads), *_surveyed(events, EVENTS, mapping, read_events)]
        if not dry_run:
            _import(Doer(org_id, by, rejects, progress), mapping, files, summary)
            bulk.analyse()
            return summary
        with transaction.atomic():
            _import(Doer(org_id, by, rejects, progress, dry_run=True), mapping, files, summary)
            transaction.set_rollback(True)
        return summary


@contextmanager
def rare_collections() -> Iterator[None]:
    """Rows come by the million and none is part of a circle, so the search for circles costs a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _surveyed(sources: Sequence[Source], content: str, mapping: FileMapping, read: Read) -> list[Surveyed]:
    if sources and (mapping.leads if content == LEADS else mapping.events) is None:
        raise MappingProblem(f"the mapping has no table [{content}], which {sources[0].name} needs")
    found = []
    for source in sources:
        table = Table(source, mapping.file)
        fitted = mapping.fitted(table.header)
        _check_columns(fitted.leads if content == LEADS else fitted.events, table)
        is_read = content == LEADS or mapping.observed_until == LAST_EVENT
        found.append(Surveyed(content, fitted, table, read(table, fitted) if is_read else Survey()))
    return found


def _check_columns(columns: LeadsMap | EventsMap | None, table: Table) -> None:
    missing = missing_columns(list(columns.columns()) if columns else [], table.header)
    if missing:
        near = meant(missing[0], table.header) or f"; it has {_named(table.header)}"
        raise MappingProblem(f"{table.source.name} has no column {missing[0]!r}{near}")


def _named(header: Sequence[str]) -> str:
    """The first names of a header, each of which may be long."""
    more = ", ..." if len(header) > NAMES_SHOWN else ""
    return ", ".join(shown(name) for name in header[:NAMES_SHOWN]) + more


def _import(doer: Doer, mapping: FileMapping, files: list[Surveyed], summary: ImportSummary) -> None:
    organisation, summary.notes = prepare(
        org_id=doer.org_id, mapping=mapping, until=_until(mapping, files), by=doer.by, dry_run=doer.dry_run
    )
    job = Job(organisation, doer)
    for file in files:
        started, take = time.monotonic(), _take_leads if file.content == LEADS else _take_events
        counts = FileSummary(file.table.source.name, file.content)
        summary.files.append(counts)
        take(job, file, counts)
        counts.seconds = time.monotonic() - started


def _until(mapping: FileMapping, files: list[Surveyed]) -> datetime | None:
    if mapping.observed_until != LAST_EVENT:
        return mapping.observed_until  # type: ignore[return-value]
    return max((file.survey.latest for file in files if file.survey.latest), default=None)


def _take_leads(job: Job, file: Surveyed, counts: FileSummary) -> None:
    header, verdict_of = file.table.header, job.organisation.verdict_of
    reader = LeadReader(file.mapping, header, file.survey.kinds, verdict_of, timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(SEEN)
        cursor.execute("TRUNCATE lead_import_seen")
    _take(job, file, counts, batches(file.table, reader.record, LEADS_AT_ONCE), _put_batch)


def _take_events(job: Job, file: Surveyed, counts: FileSummary) -> None:
    reader = EventReader(file.mapping, file.table)
    _take(job, file, counts, batches(file.table, lambda _, cells: reader.record(cells), EVENTS_AT_ONCE), _add_batch)


def _take(job: Job, file: Surveyed, counts: FileSummary, made: Iterator[Batch], store: Store) -> None:
    for batch in ahead(made):
        counts.rows += batch.rows
        counts.ignored += batch.ignored
        for row, reason in batch.refused:
            _reject(job, row, reason, counts)
        _store(job, batch.pending, counts, store)
        job.doer.progress(file.content, batch.position, file.table.size)


def _reject(job: Job, row: Row, reason: str, counts: FileSummary) -> None:
    counts.rejected += 1
    job.doer.rejects.add(counts.name, row.line, reason, row.cells)


def _store(job: Job, batch: Pending, counts: FileSummary, store: Store) -> None:
    """Stores a batch in one transaction; if the database refuses it, by halves, until the refused row stands alone."""
    if not batch:
        return
    before = vars(counts).copy()
    try:
        with transaction.atomic():
            refused = store(job, batch, counts)
    except (DataError, IntegrityError) as error:
        vars(counts).update(before)
        if len(batch) == 1:
            _reject(job, batch[0][0], f"the database refuses it: {str(error).splitlines()[0]}", counts)
            return
        middle = len(batch) // 2
        _store(job, batch[:middle], counts, store)
        _store(job, batch[middle:], counts, store)
        return
    for row, reason in refused:
        _reject(job, row, reason, counts)


def _put_batch(job: Job, batch: Pending, counts: FileSummary) -> Refused:
    leads, refused = _once_each(batch)
    done = put_leads(org_id=job.organisation.org_id, leads=leads, at=timezone.now(), by=job.doer.by, is_file=True)
    counts.created += len(done.created)
    counts.changed += len(done.changed)
    counts.same += len(leads) - len(done.created) - len(done.changed)
    return refused


def _once_each(batch: Pending) -> tuple[list[LeadRecord], Refused]:
    """The leads that the file has not told before, and the rows that tell one again. The database remembers them."""
    here: dict[int, int] = {}
    for row, lead in batch:
        here.setdefault(lead.number, row.line)
    first = dict(bulk.execute_returning(NOTE_SEEN, list(here.items())))
    leads = [lead for row, lead in batch if first[lead.number] == row.line]
    return leads, [
        (row, f"lead {lead.number} stands already in line {first[lead.number]}")
        for row, lead in batch
        if first[lead.number] != row.line
    ]


def _add_batch(job: Job, batch: Pending, counts: FileSummary) -> Refused:
    events: list[EventRecord] = [event for _, event in batch]
    done = add_events(org_id=job.organisation.org_id, events=events, at=timezone.now(), by=job.doer.by)
    counts.created += done.added
    counts.same += done.known
    return [(batch[place][0], f"there is no lead {events[place].number}") for place in done.unknown]
