"""A database that is slow, full or read-only, a full disk: 503 with Retry-After, nothing half-written, then well."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Callable, Iterator

import psutil
import pytest
from django.db import OperationalError, connection

from common.jobs import JobStatus
from leads.models import ImportJob
from leads.tests.cast import a_lead, a_past
from models_registry.models import ModelArtefact, ModelVersion, TrainingRun
from models_registry.tests.cast import a_run, a_version
from predictions.models import Prediction
from tests.faults.asking import Answer, Asker, at_once
from tests.faults.locking import locked
from tests.processes import Server

MAPPING = '[leads]\nid = "id"\ncreated_at = "created"\nstatus = "status"\n'
FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION no_room();
"""
ROOM = "DROP TRIGGER no_room ON {table}; DROP FUNCTION no_room();"


@pytest.fixture
def server(process_environment: dict[str, str], server_processes: Callable[[int], list[Server]]) -> Server:
    process_environment["DATABASE_STATEMENT_SECONDS"] = "2"
    return server_processes(1)[0]


@contextlib.contextmanager
def told(statement: str, undone: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(undone)


@pytest.mark.slow
def test_a_slow_a_read_only_and_a_full_database_are_answered_503_and_then_all_is_well(server: Server) -> None:
    lead, asked = a_lead(), Asker(server.address)
    path = f"/api/ml/predict/{lead.number}"
    assert asked("POST", path).status == 200
    with locked("ml_prediction", "ACCESS EXCLUSIVE"):  # as a migration in one step would
        assert asked("POST", path).is_later
        assert asked("GET", "/api/ml/model/versions").status == 200  # what does not need it is answered
    assert asked("POST", path).status == 200
    name = connection.settings_dict["NAME"]
    read_only = f'ALTER DATABASE "{name}" SET default_transaction_read_only'
    with told(f"{read_only} = on", f"{read_only} = off"):
        assert asked("POST", path).is_later
        assert asked("PUT", "/api/ml/leads/77", {"status": "NEW", "created_at": "2026-10-01T09:00:00Z"}).is_later
        assert asked("GET", f"{path}/latest").status == 200  # reading goes on
    assert asked("POST", path).status == 200
    with told(FULL.format(table="ml_prediction"), ROOM.format(table="ml_prediction")):
        assert asked("POST", path).is_later
    assert asked("POST", path).status == 200
    assert Prediction.objects.count() == 4


@pytest.mark.slow
def test_a_frozen_database_holds_no_request(
    process_environment: dict[str, str], server_processes: Callable[[int], list[Server]]
) -> None:
    process_environment |= {"DATABASE_STATEMENT_SECONDS": "2", "DATABASE_CONN_MAX_AGE": "60"}
    lead, asked = a_lead(), Asker(server_processes(1)[0].address)

    def ask() -> Answer:
        return asked("POST", f"/api/ml/predict/{lead.number}")

    assert {each.status for each in at_once([ask] * 16)} == {200}  # each thread has its connection now
    with frozen(the_database_for_others()):
        assert all(each.is_later for each in at_once([ask] * 8))  # within the asker's patience
    assert ask().status == 200
    assert Prediction.objects.count() == 17


def the_database_for_others() -> list[int]:
    """What serves the others' connections, and what would make them new ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        backends = [pid for (pid,) in cursor.fetchall()]
    return [*backends, psutil.Process(backends[0]).ppid()]


@contextlib.contextmanager
def frozen(processes: list[int]) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@pytest.mark.slow
def test_where_there_is_no_room_for_an_artefact_the_run_fails_and_what_was_active_stays(
    transactional_db: None, django_db_serialized_rollback: None
) -> None:
    a_past()
    active = a_version(algorithm="logistic_regression")
    no_room = told(FULL.format(table="ml_model_artefact"), ROOM.format(table="ml_model_artefact"))
    with no_room, pytest.raises(OperationalError, match="No space left"):
        a_run(algorithm="logistic_regression")
    assert ModelVersion.objects.active().get() == active
    assert (ModelVersion.objects.count(), ModelArtefact.objects.count()) == (1, 1)
    assert TrainingRun.objects.order_by("created_at").last().status == JobStatus.FAILED
    assert a_run(algorithm="logistic_regression").status == JobStatus.SUCCEEDED


@pytest.mark.slow
def test_an_upload_that_finds_no_room_is_answered_503_and_leaves_nothing(server: Server) -> None:
    asked = Asker(server.address)
    rows = b"id,created,status\n" + b"".join(b"%d,2026-10-01,NEW\n" % number for number in range(300_000))
    parts = {"content": b"leads", "mapping": MAPPING.encode()}
    form = b"".join(
        b'--cut\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in parts.items()
    )
    form += (
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="leads.csv"\r\n\r\n'
        + rows
        + b"\r\n--cut--\r\n"
    )
    for child in psutil.Process(server.process.pid).children():
        child.rlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
    answer = asked("POST", "/api/ml/leads/import", raw=form, kind="multipart/form-data; boundary=cut")
    assert answer.is_later, answer
    assert not ImportJob.objects.exists()
    assert asked("GET", "/api/ml/model/versions").status == 200
