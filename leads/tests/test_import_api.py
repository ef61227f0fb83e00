"""Files over HTTP: taken in at once, imported by a worker, followed by their address."""

from __future__ import annotations

import csv
import gzip
import io
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from kombu.exceptions import OperationalError

from common.jobs import JobStatus
from leads.importing import jobs
from leads.models import Dossier, ImportJob, Message
from leads.phrases import PHRASES
from leads.tasks import import_file, retire_dead_imports
from leads.tests.cast import MONDAY
from leads.tests.told import a_record, tell
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db
IMPORT = "/api/ml/leads/import"
MAPPING = '[leads]\nid = "id"\ncreated_at = "at"\n'
ROWS = b"id,at\n1,2026-06-01\n2,2026-06-02\n=3,2026-06-02\n"


@pytest.fixture
def crm() -> Caller:
    return Caller()


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> list[str]:
    """The jobs that a worker would be given."""
    settings.MEDIA_ROOT = tmp_path / "media"
    sent: list[str] = []
    monkeypatch.setattr(jobs.current_app, "send_task", lambda name, args: sent.append(args[0]))
    return sent


def send(crm: Caller, rows: bytes = ROWS, name: str = "leads.csv", **fields: Any) -> Any:
    form = {"file": SimpleUploadedFile(name, rows), **fields}
    key = {"Idempotency-Key": form.pop("key")} if "key" in form else {}
    return crm.client.post(IMPORT, form, headers=crm.headers | key)


def test_a_file_is_taken_imported_and_followed(
    crm: Caller, queued: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = send(crm, mapping=MAPPING)
    job = answer.json()
    assert (answer.status_code, job["status"], queued) == (202, "QUEUED", [job["id"]])
    import_file(queued[0])
    done = crm.get(job["status_url"]).json()
    assert (done["status"], done["rows"], done["accepted"], done["rejected"]) == ("SUCCEEDED", 3, 2, 1)
    assert (done["progress"], done["error"]) == (1.0, None)
    assert "leads.csv: 3 leads read (2 new" in done["messages"][-1]["text"]
    assert done["messages"][-1]["at"].endswith("Z")
    assert sorted(Dossier.objects.values_list("number", flat=True)) == [1, 2]
    assert not ImportJob.objects.get().file
    rejects = crm.get(job["rejects_url"], Accept="text/csv")
    assert rejects["Content-Type"] == "text/csv; charset=utf-8"
    assert list(csv.reader(io.StringIO(rejects.content.decode()))) == [
        ["file", "line", "reason", "row"],
        ["leads.csv", "4", "id: '=3' is not a lead's number (a positive whole number)", "'=3,2026-06-02"],
    ]


def test_a_message_that_was_stored_with_an_offset_is_shown_with_z(crm: Caller) -> None:
    job = ImportJob.objects.create(messages=[{"at": "2026-06-01T09:00:00.5+00:00", "stage": "done", "text": "Done."}])
    shown = {"at": "2026-06-01T09:00:00.5Z", "stage": "done", "text": "Done."}
    assert crm.get(f"{IMPORT}/{job.pk}").json()["messages"] == [shown]


def test_events_and_compressed_files_are_taken_too(crm: Caller, queued: list[str]) -> None:
    tell(a_record(1))
    content = gzip.compress(b'{"dossier_id": 1, "kind": "message", "occurred_at": "2026-06-01T10:00:00Z"}\n')
    job = send(crm, content, "events.ndjson.gz", content="events").json()
    import_file(job["id"])
    assert crm.get(job["status_url"]).json()["accepted"] == 1
    assert Message.objects.count() == 1


def test_a_ready_mapping_may_be_named(crm: Caller, queued: list[str]) -> None:
    assert send(crm, mapping="x_education").status_code == 202


def test_an_import_that_cannot_be_done_says_why(crm: Caller, queued: list[str]) -> None:
    faults = {b"nr,at\n1,2\n": "no column 'id'", b"PK\x03\x04": "Excel", b"\x1f\x8bxx": "cannot be read"}
    for content, reason in faults.items():
        job = send(crm, content, mapping=MAPPING).json()
        import_file(job["id"])
        done = crm.get(job["status_url"]).json()
        assert done["status"] == "FAILED"
        assert reason in done["error"]
    assert not Dossier.objects.exists()


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(crm: Caller, queued: list[str], settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 10_000
    job = send(crm, gzip.compress(b"id,at\n" + b"1,2026-06-01\n" * 100_000), mapping=MAPPING).json()
    import_file(job["id"])
    assert "unpacks to more" in crm.get(job["status_url"]).json()["error"]


def test_a_file_that_is_damaged_further_on_says_how_much_of_it_was_taken(
    crm: Caller, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.run.EVENTS_AT_ONCE", 1_000)
    tell(a_record(1))
    rows = [f"1,message,2026-06-01,{uuid.uuid5(uuid.NAMESPACE_URL, str(at))}" for at in range(20_000)]
    content = gzip.compress("\n".join(["dossier_id,kind,occurred_at,external_id", *rows]).encode())
    job = send(crm, content[: len(content) // 2], "events.csv.gz", content="events").json()
    import_file(job["id"])
    done = crm.get(job["status_url"]).json()
    assert (done["status"], "damaged" in done["error"]) == ("FAILED", True)
    assert 0 < done["accepted"] == done["rows"] == Message.objects.count() < len(rows)


def test_a_job_is_done_once(crm: Caller, queued: list[str]) -> None:
    job = send(crm, mapping=MAPPING).json()
    import_file(job["id"])
    import_file(job["id"])
    assert ImportJob.objects.get().status == JobStatus.SUCCEEDED


def test_a_cancelled_import_stops_and_keeps_what_it_took(
    crm: Caller, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.run.LEADS_AT_ONCE", 1)
    job = send(crm, mapping=MAPPING).json()
    report = ImportJob.report

    def cancelled_meanwhile(self: ImportJob, stage: str, progress: float, message: str = "") -> None:
        ImportJob.objects.get().cancel()
        report(self, stage, progress, message)

    monkeypatch.setattr(ImportJob, "report", cancelled_meanwhile)
    import_file(job["id"])
    assert ImportJob.objects.get().status == JobStatus.CANCELLED
    assert Dossier.objects.count() == 1


def test_an_idempotency_key_takes_a_file_once(crm: Caller, queued: list[str]) -> None:
    first, second = send(crm, mapping=MAPPING, key="k"), send(crm, mapping=MAPPING, key="k")
    assert first.json()["id"] == second.json()["id"]
    assert ImportJob.objects.count() == 1
    another_of_the_same_size = ROWS.replace(b"1,", b"7,")
    assert_error(send(crm, another_of_the_same_size, mapping=MAPPING, key="k"), 409)


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"mapping": "[leads]\nid = 5"}, "mapping"),
        ({"mapping": "no_such"}, "mapping"),
        ({"mapping": "x" * 200_001}, "mapping"),
        ({"mapping": "a\x00b = 1\n"}, "mapping"),
        ({"mapping": MAPPING, "content": "events"}, "mapping"),
        ({"content": "people"}, "content"),
        ({"surprise": "1"}, "surprise"),
        ({"file": ""}, "file"),
        ({"file": SimpleUploadedFile("empty.csv", b"")}, "file"),
        ({"file": [SimpleUploadedFile("a.csv", ROWS), SimpleUploadedFile("b.csv", ROWS)]}, "file"),
        ({"mapping": [MAPPING, "no_such"]}, "mapping"),
        ({"mapping": [MAPPING, MAPPING]}, "mapping"),
    ],
)
def test_a_form_with_a_fault_is_refused_by_its_name(
    crm: Caller, queued: list[str], fields: dict[str, Any], attr: str
) -> None:
    form = {"file": SimpleUploadedFile("f", ROWS), **fields}
    assert_error(crm.client.post(IMPORT, form, headers=crm.headers), 400, attr)
    assert not ImportJob.objects.exists()


def test_a_file_that_is_too_large_is_refused(crm: Caller, queued: list[str], settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 10
    assert_error(send(crm, b"x" * 11, mapping=MAPPING), 413)
    assert_error(send(crm, b"x" * 2_000_000, mapping=MAPPING), 413)


def test_broken_forms_are_refused(crm: Caller, queued: list[str]) -> None:
    def post(body: bytes, media_type: str) -> Any:
        return crm.client.generic("POST", IMPORT, body, media_type, headers=crm.headers)

    assert_error(post(b"{}", "application/json"), 415)
    assert_error(post(b"rubbish", "multipart/form-data"), 400)
    assert_error(post(b"rubbish", "multipart/form-data; boundary=x"), 400)
    field = b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n'
    assert_error(post(field * 2_000 + b"--x--\r\n", "multipart/form-data; boundary=x"), 400)
    file = b'--x\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\n1\r\n'
    assert_error(post(file * 200 + b"--x--\r\n", "multipart/form-data; boundary=x"), 400)


def test_no_name_of_a_file_is_a_path(crm: Caller, queued: list[str], tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "a" * 400, "nul\x00", "ünï?.csv", "..", "C:\\x.csv", "/", ""):
        head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body = head + ROWS + b'\r\n--x\r\nContent-Disposition: form-data; name="mapping"\r\n\r\n' + MAPPING.encode()
        answer = crm.client.generic(
            "POST", IMPORT, body + b"\r\n--x--\r\n", "multipart/form-data; boundary=x", headers=crm.headers
        )
        assert answer.status_code in (202, 400), answer.content
    media = tmp_path / "media"
    assert all(media in path.parents for path in tmp_path.rglob("*.upload"))


def test_only_who_may_write_sees_imports_and_only_their_own(crm: Caller, queued: list[str]) -> None:
    job = send(crm, mapping=MAPPING).json()
    reader, other = Caller(scopes=("predictions:read",)), Caller(org_id="other")
    assert_error(send(reader, mapping=MAPPING), 403)
    for address in (job["status_url"], job["rejects_url"]):
        assert_error(reader.get(address), 403)
        assert_error(other.get(address), 404)
        assert_error(crm.get(address.replace(job["id"], str(uuid.uuid4()))), 404)
        assert_error(crm.get(address.replace(job["id"], "nothing")), 404)


def test_an_import_that_no_worker_can_be_told_of_has_failed(
    crm: Caller, queued: list[str], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(name: str, args: list[str]) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(jobs.current_app, "send_task", away)
    with pytest.raises(OperationalError), django_capture_on_commit_callbacks(execute=True):
        send(crm, mapping=MAPPING)
    job = ImportJob.objects.get()
    assert (job.status, bool(job.file)) == (JobStatus.FAILED, False)
    assert PHRASES.knows(job.error)


def test_an_import_that_met_an_error_of_ours_says_so_in_a_known_sentence(
    crm: Caller, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> None:
        raise ZeroDivisionError

    job = send(crm, mapping=MAPPING).json()
    monkeypatch.setattr("leads.importing.run.put_leads", broken)
    with pytest.raises(ZeroDivisionError):
        import_file(job["id"])
    assert PHRASES.knows(ImportJob.objects.get().error)


def test_an_import_whose_worker_has_gone_is_retired(crm: Caller, queued: list[str]) -> None:
    job = ImportJob.objects.get(pk=send(crm, mapping=MAPPING).json()["id"])
    job.claim()
    ImportJob.objects.update(heartbeat_at=MONDAY)
    assert retire_dead_imports() == 1
    job.refresh_from_db()
    assert (job.status, bool(job.file)) == (JobStatus.FAILED, False)
