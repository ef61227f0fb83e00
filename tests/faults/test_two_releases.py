"""The release before this one, on this one's schema and beside it: it serves, works, and is understood.

The release before is the newest tag, else the last commit that did not know the newest migration. Without the
repository's history (an archive, a shallow clone) there is nothing to try.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from celery import current_app

from common.jobs import JobStatus
from leads.models import Dossier, LeadScore
from leads.tests.cast import a_lead, a_past
from models_registry.models import ModelVersion, TrainingRun
from predictions.models import Prediction, ScoreJob
from tests.faults.asking import Asker
from tests.processes import CHILD, ROOT, Process, Server, free_port
from tests.test_other_processes import eventually

LAST_TAG = ("describe", "--tags", "--abbrev=0", "HEAD^")
LAST_MIGRATION = ("log", "-1", "--format=%H^", "HEAD", "--", "*/migrations/*.py")


@pytest.fixture(scope="session")
def release_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its code, in a folder of its own."""
    folder = tmp_path_factory.mktemp("before")
    for question in (LAST_TAG, LAST_MIGRATION):
        name = _git(*question)
        if name is not None and _git("cat-file", "-e", f"{name}^{{commit}}") is not None:
            _git("archive", "--output", str(folder / "code.tar"), name)
            shutil.unpack_archive(folder / "code.tar", folder)
            return folder
    pytest.skip("the repository's history is not here")


def _git(*arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=ROOT, text=True, capture_output=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


@pytest.mark.slow
def test_the_release_before_serves_on_this_schema_and_works_beside_this_one(
    release_before: Path,
    process_environment: dict[str, str],
    server_processes: Callable[[int], list[Server]],
    tmp_path: Path,
) -> None:
    a_past()
    lead = a_lead()
    this_server = server_processes(1)[0]
    current_app.control.purge()
    old = _start(release_before, tmp_path, process_environment)
    try:
        before = Asker(old[0].address)  # type: ignore[attr-defined]
        version = learnt(before)
        assert Asker(this_server.address)("POST", f"/api/ml/predict/{lead.number}").body["model_version"] == version
        serves(before, lead, version)
        its_worker_does_what_this_server_is_asked(Asker(this_server.address))
    finally:
        for process in old:
            process.stop()


def _start(code: Path, folder: Path, environment: dict[str, str]) -> list[Process]:
    """Web server and worker of the release before."""
    port = free_port()
    web = [*CHILD, "gunicorn", "leadqual.wsgi:application", "--config", "python:leadqual.gunicorn_conf"]
    worker = [*CHILD, "celery", "--quiet", "-A", "leadqual", "worker", "--concurrency", "1", "--without-gossip"]
    there = environment | {"PORT": str(port), "PYTHONPATH": str(code)}
    server = Server("server-before", folder, web, there, code)
    server.address = f"http://127.0.0.1:{port}"
    old = [server, Process("worker-before", folder, worker, there, code)]
    try:
        server.wait_until(lambda: _is_healthy(server.address))
    except BaseException:
        for process in old:
            process.stop()
        raise
    return old


def _is_healthy(address: str) -> bool:
    from tests.faults.installation import answers_200

    return answers_200(f"{address}/health")


def learnt(asked: Asker) -> str:
    """The version that its worker learns, and that is active then: the new release's workers come last."""
    asked("POST", "/api/ml/model/train", {"algorithm": "logistic_regression"})
    assert eventually(lambda: ModelVersion.objects.filter(is_active=True).exists())
    return ModelVersion.objects.get().version


def serves(asked: Asker, lead: Dossier, version: str) -> None:
    """What a caller does all day, by the old code on the new tables."""
    answer = asked("POST", f"/api/ml/predict/{lead.number}")
    assert (answer.status, answer.body["model_version"]) == (200, version)
    assert Prediction.objects.filter(pk=answer.body["id"], dossier=lead).exists()
    told = {"status": "NEW", "created_at": "2026-10-01T09:00:00Z"}
    assert asked("PUT", "/api/ml/leads/99", told).status == 201
    assert asked("POST", f"/api/ml/predict/{lead.number}/outcome", {"converted": True}).status == 200
    assert asked("POST", f"/api/ml/model/rollback/{version}").status == 200


def its_worker_does_what_this_server_is_asked(asked: Asker) -> None:
    """Training and a score job, asked for by this release and done by the one before."""
    asked("POST", "/api/ml/model/train", {"algorithm": "logistic_regression"})
    assert eventually(lambda: not TrainingRun.objects.open().exists())
    assert TrainingRun.objects.filter(status=JobStatus.FAILED).count() == 0
    assert ModelVersion.objects.count() == 2
    job = asked("POST", "/api/ml/score-jobs", {}).body["id"]
    assert eventually(lambda: not ScoreJob.objects.get(pk=job).is_open)
    done = ScoreJob.objects.get(pk=job)
    assert (done.status, done.scored) == (JobStatus.SUCCEEDED, Dossier.objects.open().count())
    assert LeadScore.objects.filter(scored_at__gte=done.started_at).count() == done.scored
