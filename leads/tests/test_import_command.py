"""The command imports, says in plain words what came of it, and proposes mappings."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from leads.importing.mapping import TimeColumn
from leads.importing.mapping_toml import read_mapping
from leads.models import Dossier, Event, ImportJob
from leads.tests.told import bring_in, write

BANK = Path(settings.BASE_DIR) / "examples" / "bank_marketing" / "bank-additional-full.csv.gz"


def run(*arguments: object, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_leads", *map(str, arguments), stdout=out, verbosity=0, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_it_says_what_came_of_it_and_where_the_rejects_are(tmp_path: Path) -> None:
    mapping = write(tmp_path, "m.toml", "[leads]", 'id = "id"', 'created_at = "at"')
    leads, rejects = write(tmp_path, "l.csv", "id,at", "1,2026-06-01", "x,2026-06-01"), tmp_path / "r.csv"
    words = run("--leads", leads, "--mapping", mapping, "--rejects", rejects, "--org", "acme")
    assert "l.csv: 2 leads read (1 new, 0 changed, 0 known already, 1 rejected)" in words
    assert "1 rows were rejected; they stand with their reasons in" in words
    assert Dossier.objects.get().org_id == "acme"
    with rejects.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1][:2] == ["l.csv", "3"]
    job = ImportJob.objects.get()
    assert (job.org_id, job.rows, job.accepted, job.rejected, job.status) == ("acme", 2, 1, 1, "SUCCEEDED")
    assert len(job.rejects) == 1


@pytest.mark.django_db
def test_without_rejects_there_is_no_file_and_a_dry_run_keeps_nothing(tmp_path: Path) -> None:
    leads = write(tmp_path, "l.csv", "dossier_id,created_at,status", "1,2026-06-01,NEW")
    words = run("--leads", leads, "--rejects", tmp_path / "r.csv", "--dry-run")
    assert "nothing has been kept" in words
    assert not (tmp_path / "r.csv").exists()
    assert not Dossier.objects.exists()
    assert not ImportJob.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Name a file"),
        (["--leads", "no_such.csv"], "There is no file"),
        (["--inspect", "no_such.csv"], "There is no file"),
        (["--leads", __file__, "--org", ""], "organisation"),
        (["--leads", __file__, "--mapping", "no_such"], "no ready mapping"),
        (["--leads", __file__], "has no column 'dossier_id'; it has "),
    ],
)
def test_what_it_cannot_do_it_says(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    assert reason in str(error.value)


@pytest.mark.django_db
def test_a_proposed_mapping_finds_what_is_what_in_the_bank_data() -> None:
    words = run("--inspect", BANK)
    mapping = read_mapping(words)
    assert mapping.leads is not None
    assert (mapping.file.delimiter, mapping.leads.id, mapping.observed_until) == (";", "@row", "last_event")
    assert (mapping.won, mapping.lost) == (("CONVERTED",), ("LOST",))
    suspects = {attribute.name for attribute in mapping.leads.attributes if attribute.known == "unknown"}
    assert suspects == {"duration"}


@pytest.mark.django_db
def test_a_proposed_mapping_can_be_used_as_it_is(tmp_path: Path) -> None:
    header = "Lead ID;Created;Status;Lead Source;City;Budget;Closing reason;Note"
    rows = [
        f"{n};{n % 28 + 1:02}/0{n % 9 + 1}/2026 1{n % 9}:00;{('Won', 'Lost', 'Open')[n % 3]};web;Lyon;{n}000;"
        f"{('signed', 'price', '')[n % 3]};Select"
        for n in range(1, 91)
    ]
    leads = write(tmp_path, "leads.csv", header, *rows)
    words = run("--inspect", leads)
    assert 'created_at = { column = "Created", format = "%d/%m/%Y %H:%M" }' in words
    assert 'won = ["Won"], lost = ["Lost"]' in words
    assert 'placeholders = ["Select"]' in words
    assert '"Closing reason" = "unknown"' in words
    summary, rejects = bring_in(words, leads=[leads])
    assert (summary.files[0].created, rejects) == (90, [])
    assert Dossier.objects.filter(source="web", property__city="Lyon").count() == 90


SALESFORCE = "Stage,Amount,Probability (%),Close Date,Created Date,Lead Source"
HUBSPOT = "Record ID,Deal Stage,Close Date,Amount,Create Date,Is Closed Won,Last Activity Date"
PIPEDRIVE = "Deal - ID,Deal - Status,Deal - Won time,Deal - Lost time,Deal - Deal closed on,Deal - Deal created"
AS_OBJECTS = "Id,IsWon,StageName,CloseDate,LastModifiedDate,CreatedDate"
BY_PROPERTY = "hs_object_id,closedate,createdate,dealstage,hs_is_closed_won"


def exported(header: str, n: int) -> str:
    """The n-th deal as that CRM exports it: won, lost, or open with a time to close."""
    came, closes = f"2026-0{n % 5 + 1}-{n % 28 + 1:02}", f"2026-0{n % 5 + 2}-05"
    fate = ("Won", "Lost", "Open")[n % 3]
    stage = {"Won": "Closed Won", "Lost": "Closed Lost", "Open": "Negotiation"}[fate]
    chance = {"Won": 100, "Lost": 0, "Open": 60}[fate]
    closed = "" if fate == "Open" else closes
    won, lost = (closed if fate == each else "" for each in ("Won", "Lost"))
    return {
        SALESFORCE: f"{stage},{n}00,{chance},{closes},{came},Web",
        HUBSPOT: f"{n + 900},{stage.lower()},{closed},{n}00,{came},{str(fate == 'Won').lower()},{closes}",
        PIPEDRIVE: f"{n},{fate},{won},{lost},{closed},{came}",
        BY_PROPERTY: f"{n},{closes},{came},{stage.lower().replace(' ', '')},{str(fate == 'Won').lower()}",
        AS_OBJECTS: f"{n},{str(fate == 'Won').lower()},{stage.replace(' ', '')},{closes},{closes},{came}",
    }[header]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "told", "suspects"),
    [
        (SALESFORCE, ("Created Date", "Close Date", "Stage", "Closed Won"), {"Probability (%)"}),
        (HUBSPOT, ("Create Date", "Close Date", "Deal Stage", "closed won"), {"Is Closed Won", "Last Activity Date"}),
        (
            PIPEDRIVE,
            ("Deal - Deal created", "Deal - Deal closed on", "Deal - Status", "Won"),
            {"Deal - Won time", "Deal - Lost time"},
        ),
        (AS_OBJECTS, ("CreatedDate", "CloseDate", "StageName", "ClosedWon"), {"IsWon", "LastModifiedDate"}),
        (BY_PROPERTY, ("createdate", "closedate", "dealstage", "closedwon"), {"hs_is_closed_won"}),
    ],
)
def test_a_proposed_mapping_of_what_a_crm_exports_takes_no_time_of_closing_for_the_time_when_a_lead_came(
    tmp_path: Path, header: str, told: tuple[str, str, str, str], suspects: set[str]
) -> None:
    came, closed, stage, won = told
    leads = write(tmp_path, "deals.csv", header, *(exported(header, n) for n in range(1, 91)))
    words = run("--inspect", leads)
    mapping = read_mapping(words).leads
    assert mapping is not None
    assert mapping.created_at == TimeColumn(came)
    assert mapping.outcome.at == TimeColumn(closed)
    assert mapping.status is not None
    assert (mapping.status.column, mapping.status.won) == (stage, (won,))
    assert {attribute.name for attribute in mapping.attributes if attribute.known == "unknown"} == suspects
    summary, rejects = bring_in(words, leads=[leads])
    assert (summary.files[0].created, rejects) == (90, [])


@pytest.mark.django_db
def test_a_proposed_mapping_of_leads_bears_a_row_that_is_told_twice_and_one_that_is_no_lead(tmp_path: Path) -> None:
    rows = [f"{n},2026-06-01,{('Won', 'Lost')[n % 2]}" for n in range(1, 301)]
    words = run("--inspect", write(tmp_path, "l.csv", "lead_id,created,status", *rows, rows[0], "Total,300,"))
    mapping = read_mapping(words).leads
    assert mapping is not None
    assert mapping.id == "lead_id"


@pytest.mark.django_db
def test_a_proposed_mapping_names_the_encoding_of_spreadsheets(tmp_path: Path) -> None:
    rows = [f"{n};2026-06-01;{('Won', 'Lost')[n % 2]};Müller" for n in range(1, 91)]
    for header in ("id;created;status;owner", "id;created;status;Verkäufer"):
        leads = tmp_path / "l.csv"
        leads.write_bytes("\n".join([header, *rows]).encode("cp1252"))
        words = run("--inspect", leads)
        assert read_mapping(words).file.encoding == "cp1252"
        summary, rejects = bring_in(words, leads=[leads])
        assert (summary.files[0].rejected, rejects) == (0, [])
    one_damaged = "\n".join(["id;created;status;owner", *rows]).encode() + b"\n91;2026-06-01;Won;M\xfcller"
    leads.write_bytes(one_damaged)
    assert read_mapping(run("--inspect", leads)).file.encoding is None


@pytest.mark.django_db
def test_a_file_of_events_is_known_by_its_several_rows_a_lead(tmp_path: Path) -> None:
    rows = [f"{n % 9 + 1},2026-06-0{n % 9 + 1}T10:00:00Z,{('call', 'mail')[n % 2]}" for n in range(60)]
    words = run("--inspect", write(tmp_path, "e.csv", "case_id,timestamp,activity", *rows))
    mapping = read_mapping(words)
    assert mapping.events is not None
    assert (mapping.events.case, mapping.events.kind) == ("case_id", "{activity}")
    assert mapping.events.occurred_at.column == "timestamp"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_import_that_is_killed_is_finished_by_running_it_again(tmp_path: Path) -> None:
    mapping = write(
        tmp_path,
        "m.toml",
        "[leads]",
        'id = "id"',
        'created_at = "at"',
        "[events]",
        'case = "id"',
        'occurred_at = "at"',
        'kind = "what"',
    )
    leads = write(tmp_path, "l.csv", "id,at", *[f"{n},2026-06-01" for n in range(1, 201)])
    day = [f"{n % 200 + 1},2026-06-02T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z,call" for n in range(80_000)]
    events = write(tmp_path, "e.csv", "id,at,what", *day)
    given = ["--leads", leads, "--events", events, "--mapping", mapping, "--rejects", tmp_path / "r.csv"]
    with _importing(given) as process:
        _wait_until(lambda: Event.objects.exists() or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
    taken = Event.objects.count()
    assert taken > 0
    run(*given)
    assert (Dossier.objects.count(), Event.objects.count()) == (200, len(set(day)))
    assert taken < len(set(day))


def _importing(given: list[object]) -> subprocess.Popen[bytes]:
    """The command in a process of its own, on the tests' database."""
    place = connection.settings_dict
    script = (
        "import django; from django.conf import settings; settings.DATABASES['default']['NAME'] = "
        f"{place['NAME']!r}; django.setup(); from django.core.management import call_command; "
        f"call_command('import_leads', *{[str(part) for part in given]!r}, verbosity=0)"
    )
    return subprocess.Popen([sys.executable, "-c", script], cwd=settings.BASE_DIR, env=os.environ.copy())


def _wait_until(is_so: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
