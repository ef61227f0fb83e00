"""Every reason that an import gives, and all that it says of itself, is made from known phrases: pages can say it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from leads.importing.files import FileProblem
from leads.importing.jobs import start_import
from leads.importing.mapping import MappingProblem
from leads.importing.run import FileSummary
from leads.models import Organisation
from leads.phrases import PHRASES
from leads.tests.cast import MONDAY
from leads.tests.test_import_files import UNREADABLE, rows, table
from leads.tests.test_import_mapping import WRONG, problem
from leads.tests.told import a_record, bring_in, tell, write

LEADS = """
[leads]
id = "id"
created_at = "at"
amount = "amount"
source = "source"
status = { column = "status", won = "won", lost = "lost" }
[leads.property]
has_photos = "photos"
[leads.outcome]
at = { column = "decided", format = "%d/%m/%Y" }
revenue = "revenue"
[leads.attributes]
count = { kind = "number" }
day = { kind = "date" }
agreed = { kind = "boolean" }
note = { kind = "text" }
"""
EVENTS = """
[events]
case = "id"
occurred_at = "at"
kind = "what"
direction = "way"
properties = ["note"]
"""
LEAD = {"id": "1", "at": "2026-06-01", "status": "won", "amount": "", "source": "", "photos": "", "decided": ""}
LEAD |= {"revenue": "", "count": "", "day": "", "agreed": "", "note": ""}
EVENT = {"id": "1", "at": "2026-06-01", "what": "call", "way": "", "note": ""}
BAD_LEADS: list[dict[str, str]] = [
    *({"id": cell} for cell in ("x", "0", "", "99999999999999999999")),
    *({"at": cell} for cell in ("soon", "1066-10-14", "", "'soon', says \"Bob\": 5. Yes")),
    *({"amount": cell} for cell in ("much", "-1", "1e400", "1e20")),
    *({"source": "x" * length} for length in (201, 1_001)),
    *({name: "it's odd"} for name in ("photos", "decided", "revenue", "count", "day", "agreed")),
    {"revenue": "1e12"},
    {"status": ""},
    {"status": "x" * 201},
    {"note": "x" * 1_001},
    {},
    {},
]
BAD_EVENTS: list[dict[str, Any]] = [
    *({"id": cell} for cell in ("77", "x")),
    *({"at": cell} for cell in ("soon", "")),
    {"what": ""},
    {"way": "UP"},
    *({"note": note} for note in (float("1e301"), [1], "x" * 1_001)),
]


def unknown(told: list[str]) -> list[str]:
    assert told
    return [words for words in told if not PHRASES.knows(words)]


def reasons(rejects: list[str]) -> list[str]:
    return [reject.split(": ", 1)[1] for reject in rejects]


def as_csv(record: dict[str, str]) -> str:
    return ",".join('"{}"'.format(cell.replace('"', '""')) for cell in record.values())


@pytest.mark.django_db
def test_why_rows_of_leads_are_rejected_is_known(tmp_path: Path) -> None:
    lines = [as_csv(LEAD | change) for change in BAD_LEADS]
    file = write(tmp_path, "l.csv", ",".join(LEAD), *lines, "1,2", "1,\x00")
    with file.open("ab") as more:
        more.write(b"1,\xff\n" + b"x" * 1_100_000 + b'\n"' + b"x" * 140_000)
    _, rejects = bring_in(LEADS, leads=[file])
    assert len(rejects) == len(lines) - 1 + 5
    assert unknown(reasons(rejects)) == []


@pytest.mark.django_db
def test_why_rows_of_events_and_objects_are_rejected_is_known(tmp_path: Path) -> None:
    tell(a_record(1))
    lines = [json.dumps(EVENT | change) for change in BAD_EVENTS]
    broken = ['{"id": ', "[1]", '{"id": NaN}', '{"id": "\\ud800"}', json.dumps(EVENT | {"what": "x" * 201})]
    _, rejects = bring_in(EVENTS, events=[write(tmp_path, "e.ndjson", *lines, *broken)])
    assert len(rejects) == len(lines + broken)
    lead = write(tmp_path, "l.ndjson", *(json.dumps(LEAD | {"note": note}) for note in (True, [1])))
    assert unknown(reasons(rejects + bring_in(LEADS, leads=[lead])[1])) == []


@pytest.mark.django_db
def test_why_an_order_gives_no_time_is_known(tmp_path: Path) -> None:
    clock = '{ order = "at", start = 2020-01-01, step = "1000d" }'
    file = write(tmp_path, "l.csv", ",".join(LEAD), *(as_csv(LEAD | {"at": at}) for at in ("9999", "1e30", "x")))
    _, rejects = bring_in(LEADS.replace('"at"', clock), leads=[file])
    assert len(rejects) == 3
    assert unknown(reasons(rejects)) == []


@pytest.mark.django_db
def test_that_the_database_refuses_a_row_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.importing.lead_rows.MAX_WORD", 10**6)
    file = write(tmp_path, "l.csv", ",".join(LEAD), as_csv(LEAD | {"source": "x" * 300}))
    _, rejects = bring_in(LEADS, leads=[file])
    assert "the database refuses it" in rejects[0]
    assert unknown(reasons(rejects)) == []


@pytest.mark.django_db
def test_why_a_file_is_not_taken_is_known(tmp_path: Path) -> None:
    told: list[str] = []
    for content, _ in [*UNREADABLE, (gzip.compress(b"a,b\n" * 1_000_000), "")]:
        with pytest.raises(FileProblem) as caught:
            rows(table(tmp_path, content, max_bytes=1_000_000))
        told.append(str(caught.value))
    many = write(tmp_path, "l.csv", ",".join([*LEAD, *(f"more{number}" for number in range(501))]))
    with pytest.raises(FileProblem) as caught:
        bring_in(LEADS + '"*" = "creation"\n', leads=[many])
    assert unknown([*told, str(caught.value)]) == []


@pytest.mark.parametrize("words", [words for words, _ in WRONG])
def test_what_is_wrong_in_a_mapping_is_known(words: str) -> None:
    assert unknown([problem(words)]) == []


@pytest.mark.django_db
def test_why_a_mapping_does_not_fit_is_known(tmp_path: Path) -> None:
    Organisation.objects.create(org_id="default", won_statuses=["signed"], lost_statuses=["gone"])
    file = write(tmp_path, "l.csv", ",".join(LEAD), as_csv(LEAD))
    told: list[str] = []
    for mapping in (
        LEADS.replace('"amount"', '"amuont"'),
        LEADS.replace('"amount"', '"what it will bring"'),
        LEADS.replace('"won"', '"gone"'),
        LEADS.replace('"lost"', '"signed"'),
        EVENTS,
    ):
        with pytest.raises(MappingProblem) as caught:
            bring_in(mapping, leads=[file])
        told.append(str(caught.value))
    with pytest.raises(MappingProblem) as caught:
        start_import(org_id="default", upload=None, filename="", content="leads", mapping=EVENTS, by="")  # type: ignore[arg-type]
    assert unknown([*told, str(caught.value)]) == []


@pytest.mark.parametrize("content", ["leads", "events"])
@pytest.mark.parametrize("ignored", [0, 5])
@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_what_an_import_says_of_a_file_is_known(content: str, ignored: int, seconds: float) -> None:
    counts = FileSummary("my, file: a. b.csv", content, rows=12_345, created=2_000, ignored=ignored, seconds=seconds)
    assert unknown([counts.in_words()]) == []


@pytest.mark.django_db
def test_what_an_import_says_of_the_organisation_is_known(tmp_path: Path) -> None:
    def notes(year: int, org_id: str, more: str = "") -> list[str]:
        file = write(tmp_path, "l.csv", ",".join(LEAD), as_csv(LEAD | {"at": f"{year}-01-01"}))
        return bring_in('observed_until = "last_event"\n' + more + LEADS, leads=[file], org_id=org_id)[0].notes

    tell(a_record(9, created_at=MONDAY))
    told = [
        notes(2012, "default"),
        notes(2012, "of the past"),
        notes(2100, "of the past", 'time_zone = "Asia/Tokyo"\n'),
    ]
    assert [len(each) for each in told] == [1, 1, 2]
    assert unknown([note for each in told for note in each]) == []
