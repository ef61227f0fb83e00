"""Imports leads and their events from files, or proposes a mapping for one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from common.tenancy import DEFAULT_ORG, ORG_ID_LENGTH
from leads.importing.files import FileProblem, Source
from leads.importing.jobs import note_import
from leads.importing.mapping import MappingProblem
from leads.importing.mapping_toml import DEFAULT, read_mapping, ready_mappings
from leads.importing.proposal import propose
from leads.importing.rejects import Rejects
from leads.importing.run import ImportSummary, import_files
from leads.importing.values import RowProblem

BY = "import_leads"
DEFAULT_REJECTS = Path("import_rejects.csv")


class Command(BaseCommand):
    """The command."""

    help = "Imports leads and their events from CSV or NDJSON files (gzipped or not), or proposes a mapping for one."

    def add_arguments(self, parser: CommandParser) -> None:
        """What it takes."""
        parser.add_argument("--leads", action="append", type=Path, default=[], metavar="FILE", help="a file of leads")
        parser.add_argument("--events", action="append", type=Path, default=[], metavar="FILE", help="a file of events")
        ready = ", ".join(ready_mappings())
        parser.add_argument("--mapping", default=DEFAULT, help=f"a TOML file, or a ready mapping: {ready}")
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--rejects", type=Path, default=DEFAULT_REJECTS, metavar="FILE", help="for rejected rows")
        parser.add_argument("--dry-run", action="store_true", help="do everything, and take it back")
        parser.add_argument("--inspect", type=Path, metavar="FILE", help="propose a mapping for this file, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        """Imports, and says in plain words what came of it."""
        try:
            if options["inspect"]:
                self.stdout.write(propose(_source(options["inspect"])))
            else:
                self._import(options)
        except (MappingProblem, FileProblem, RowProblem) as problem:
            raise CommandError(str(problem)) from problem

    def _import(self, options: dict[str, Any]) -> None:
        if not options["leads"] and not options["events"]:
            raise CommandError("Name a file: --leads FILE, --events FILE, or --inspect FILE.")
        if not 0 < len(options["org"]) <= ORG_ID_LENGTH:
            raise CommandError(f"An organisation's id has 1 to {ORG_ID_LENGTH} characters.")
        words, bars = _mapping_words(options["mapping"]), Bars(quiet=options["verbosity"] == 0)
        with Rejects(options["rejects"]) as rejects, bars:
            summary = import_files(
                org_id=options["org"],
                mapping=read_mapping(words),
                by=BY,
                rejects=rejects,
                progress=bars.show,
                leads=[_source(path) for path in options["leads"]],
                dry_run=options["dry_run"],
                events=[_source(path) for path in options["events"]],
            )
        if not options["dry_run"]:
            _note(options["org"], words, summary, rejects)
        self._tell(summary, rejects, is_dry=options["dry_run"])

    def _tell(self, summary: ImportSummary, rejects: Rejects, *, is_dry: bool) -> None:
        for counts in summary.files:
            self.stdout.write(counts.in_words())
        for note in summary.notes:
            self.stdout.write(note)
        if rejects.count:
            first = rejects.first[0]
            self.stdout.write(
                f"{rejects.count:,} rows were rejected; they stand with their reasons in {rejects.path}. "
                f"The first: {first['file']}, line {first['line']}: {first['reason']}."
            )
        if is_dry:
            self.stdout.write("This was a dry run: nothing has been kept.")


class Bars:
    """A progress bar for each stage, in bytes of the files."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._bar, self._stage = quiet, None, ""  # type: tuple[bool, Any, str]

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, stage: str, done: int, total: int) -> None:
        """Moves the bar of a stage."""
        if self._bar is None or stage != self._stage or done < self._bar.n:
            self.__exit__()
            self._stage = stage
            self._bar = tqdm(
                total=total, desc=stage, unit="B", unit_scale=True, disable=self._quiet, file=sys.stderr, leave=True
            )
        self._bar.update(done - self._bar.n)


def _note(org_id: str, words: str, summary: ImportSummary, rejects: Rejects) -> None:
    for counts in summary.files:
        own = [reject for reject in rejects.first if reject["file"] == counts.name]
        note_import(org_id=org_id, counts=counts, mapping=words, rejects=own, by=BY)


def _source(path: Path) -> Source:
    if not path.is_file():
        raise FileProblem(f"There is no file {path}.")
    return Source(path, path.name)


def _mapping_words(name: str) -> str:
    path = Path(name)
    if not path.is_file():
        return name
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MappingProblem(f"{path} is not UTF-8: {error}") from error
