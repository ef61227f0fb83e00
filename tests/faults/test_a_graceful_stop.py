"""Told to end, a web server finishes what it is at, and a worker gives back what it has not done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection

from common.jobs import JobStatus
from leadqual import health
from leads.models import Dossier
from leads.tests.cast import a_lead, a_past
from predictions.jobs import start_score_job
from predictions.models import Prediction, ScoreJob
from tests.faults.asking import Answer, Asker
from tests.faults.locking import locked
from tests.processes import CHILD, Process, Server
from tests.test_other_processes import eventually


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


@pytest.mark.slow
def test_a_request_under_way_is_answered_before_the_server_ends(
    server_processes: Callable[[int], list[Server]],
) -> None:
    lead, server = a_lead(), server_processes(1)[0]
    asked, answers = Asker(server.address), list[Answer]()
    with locked("ml_prediction", "SHARE"):
        asking = threading.Thread(
            target=lambda: answers.append(asked("POST", f"/api/ml/predict/{lead.number}")), daemon=True
        )
        asking.start()
        assert eventually(somebody_waits_for_a_lock)
        server.process.terminate()
        time.sleep(0.5)  # it has heard by now, and waits for the request
    asking.join()
    assert [answer.status for answer in answers] == [200]
    assert server.process.wait(60) == 0
    assert Prediction.objects.filter(pk=answers[0].body["id"]).exists()


@pytest.fixture
def worker(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Called, starts a worker of one process."""
    started: list[Process] = []
    current_app.control.purge()

    def start() -> Process:
        command = [*CHILD, "celery", "--quiet", "-A", "leadqual", "worker", "--concurrency", "1", "--without-gossip"]
        new = Process(f"worker-{len(started)}", tmp_path, [*command, "--without-mingle"], process_environment)
        started.append(new)
        new.wait_until(lambda: health.workers().state == health.UP)
        return new

    yield start
    for process in started:
        process.stop()


@pytest.mark.slow
def test_what_a_worker_had_not_done_goes_back_to_the_queue_and_is_done_by_the_next(
    worker: Callable[[], Process], process_environment: dict[str, str]
) -> None:
    process_environment["SCORE_CHUNK_SIZE"] = "50"
    a_past(200)
    first = worker()
    with locked("lead_score", "SHARE"):
        job = start_score_job(org_id="default", by="tester", criteria={"include_decided": True})
        assert eventually(somebody_waits_for_a_lock)
        first.process.terminate()
        time.sleep(0.5)  # it has heard; a statement under way ends first
    first.process.wait(60)
    assert ScoreJob.objects.get(pk=job.pk).status == JobStatus.RUNNING
    worker()
    assert eventually(lambda: ScoreJob.objects.get(pk=job.pk).status == JobStatus.SUCCEEDED)
    assert ScoreJob.objects.get(pk=job.pk).scored == Prediction.objects.count() == Dossier.objects.count()
