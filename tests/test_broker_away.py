"""While the broker is away nothing that a worker should do is lost unnoticed."""

from collections.abc import Callable
from typing import Any

import pytest

from common.jobs import JobStatus
from leads.tests.cast import a_past
from models_registry.models import TrainingRun
from predictions.models import ScoreJob
from tests.processes import Server
from tests.test_other_processes import asked

pytestmark = pytest.mark.slow


@pytest.fixture
def server(process_environment: dict[str, str], server_processes: Callable[[int], list[Server]]) -> Server:
    process_environment["CELERY_BROKER_URL"] = "redis://127.0.0.1:1/0"
    return server_processes(1)[0]


@pytest.mark.parametrize(("path", "table"), [("/api/ml/model/train", TrainingRun), ("/api/ml/score-jobs", ScoreJob)])
def test_what_no_worker_can_be_told_is_refused_and_blocks_nothing(server: Server, path: str, table: Any) -> None:
    a_past()
    for _ in range(2):
        status, body = asked(server.address, path, {})
        assert (status, body["errors"][0]["code"]) == (503, "unavailable")
    jobs = list(table.objects.all())
    assert [job.status for job in jobs] == [JobStatus.FAILED] * 2
    assert all("broker" in job.error for job in jobs)


def test_health_says_that_the_broker_is_down(server: Server) -> None:
    status, body = asked(server.address, "/health", method="GET")
    assert status == 503
    assert (body["checks"]["broker"]["state"], body["checks"]["database"]["state"]) == ("down", "up")
