"""What must hold across processes: a rollback is seen by all, and a worker learns what a server was asked for."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from common.auth import issue_service_token
from common.jobs import JobStatus
from common.scopes import SCOPES
from leads.models import Dossier, LeadScore
from leads.tests.cast import a_lead, a_past
from models_registry.models import ModelVersion, TrainingRun
from models_registry.tests.cast import a_version
from predictions.models import ScoreJob
from tests.processes import Process, Server

SECONDS = 120


def asked(address: str, path: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
    """Status and JSON of a request with every scope."""
    request = urllib.request.Request(
        address + path, method=method, data=json.dumps(body).encode() if body is not None else None
    )
    request.add_header(
        "Authorization", f"Bearer {issue_service_token(name='crm', org_id='default', scopes=list(SCOPES), days=1)}"
    )
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def test_after_a_rollback_no_server_uses_another_version(server_processes: Callable[[int], list[Server]]) -> None:
    a_past()
    first, second = a_version().version, a_version().version
    lead = a_lead()
    servers = server_processes(2)
    seen: list[tuple[float, float, str]] = []
    end = threading.Event()

    def keep_asking(server: Server) -> None:
        while not end.is_set():
            began = time.monotonic()
            version = asked(server.address, f"/api/ml/predict/{lead.number}")[1]["model_version"]
            seen.append((began, time.monotonic(), version))

    threads = [threading.Thread(target=keep_asking, args=(server,)) for server in servers for _ in range(2)]
    for thread in threads:
        thread.start()
    switches: list[tuple[float, float, str]] = []
    try:
        for target in (second, first) * 3:
            began = time.monotonic()
            assert asked(servers[0].address, f"/api/ml/model/rollback/{target}")[0] == 200
            answered = time.monotonic()
            switches.append((began, answered, target))
            assert eventually(lambda answered=answered: sum(at > answered for at, _, _ in seen) >= 8)
    finally:
        end.set()
        for thread in threads:
            thread.join()
    ends = [began for began, _, _ in switches[1:]] + [float("inf")]
    for (_, answered, target), next_began in zip(switches, ends, strict=True):
        # What is answered while the next rollback is under way may show that one already.
        assert {version for began, ended, version in seen if answered < began and ended < next_began} == {target}


def test_a_worker_trains_what_a_server_was_asked_for_and_scores_every_open_lead(
    server_processes: Callable[[int], list[Server]], celery_worker_process: Process
) -> None:
    a_past()
    address = server_processes(1)[0].address
    status, run = asked(address, "/api/ml/model/train", {"notes": "by the worker"})
    assert status == 202
    assert eventually(lambda: asked(address, run["status_url"], method="GET")[1]["status"] not in ("QUEUED", "RUNNING"))
    ended = asked(address, run["status_url"], method="GET")[1]
    assert (ended["status"], ended["activated"]) == ("SUCCEEDED", True), ended
    assert ModelVersion.objects.active().get().version == ended["version"]
    status, job = asked(address, "/api/ml/score-jobs", {})
    assert status == 202
    assert eventually(lambda: ScoreJob.objects.get(pk=job["id"]).status == JobStatus.SUCCEEDED)
    done = asked(address, f"/api/ml/score-jobs/{job['id']}", method="GET")[1]
    still_open = Dossier.objects.open().count()
    assert (done["scored"], done["failed"], done["progress"]) == (still_open, 0, 1.0)
    assert LeadScore.objects.filter(model_version=ended["version"]).count() == still_open


@pytest.mark.slow
def test_a_worker_killed_in_training_leaves_nothing_half_active(celery_worker_process: Process, settings: Any) -> None:
    a_past(600)
    from models_registry.training import start_training

    run = start_training(org_id="default", by="tester", trigger="API")
    assert eventually(lambda: TrainingRun.objects.get(pk=run.pk).status == JobStatus.RUNNING)
    celery_worker_process.process.kill()
    celery_worker_process.process.wait()
    settings.ML_HEARTBEAT_TIMEOUT_SECONDS = 0
    time.sleep(1)
    run.refresh_from_db()
    if run.status == JobStatus.RUNNING:  # it was quicker than we were
        again = start_training(org_id="default", by="tester", trigger="API", enqueue=False)
        run.refresh_from_db()
        assert run.status == JobStatus.FAILED
        assert again.is_open
        assert not ModelVersion.objects.exists()
