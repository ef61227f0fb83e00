"""Figures are right whichever process counted, and a worker shows its own."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest
from celery import current_app

from leads.tests.cast import a_lead
from tests.processes import Process, Server, free_port
from tests.test_metrics import value_of
from tests.test_other_processes import asked, eventually

pytestmark = pytest.mark.slow


def page(address: str) -> str:
    """What stands there."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


@pytest.fixture
def worker_address(process_environment: dict[str, str]) -> str:
    port = free_port()
    process_environment["WORKER_METRICS_PORT"] = str(port)
    return f"http://127.0.0.1:{port}"


def test_every_process_shows_what_all_have_counted(server_processes: Callable[[int], list[Server]]) -> None:
    lead, (first, second) = a_lead(), server_processes(2)
    for server in (first, second) * 10:
        assert asked(server.address, f"/api/ml/predict/{lead.number}")[0] == 200
    for _ in range(6):  # whichever of a server's processes answers
        text = page(f"{first.address}/metrics")
        assert value_of(text, "ml_prediction_latency_seconds_count") == 20
        made = [line for line in text.splitlines() if line.startswith("ml_predictions_total{")]
        assert sum(float(line.rsplit(" ", 1)[1]) for line in made) == 20


def test_whether_the_database_is_up_is_said_once_whichever_process_was_asked_before(
    server_processes: Callable[[int], list[Server]],
) -> None:
    (server,) = server_processes(1)
    for _ in range(6):  # whichever of its processes answers; what an earlier one found must not speak against this one
        said = [line for line in page(f"{server.address}/metrics").splitlines() if line.startswith("ml_database_up")]
        assert said == ["ml_database_up 1.0"]


def test_a_worker_shows_the_time_of_its_tasks(worker_address: str, celery_worker_process: Process) -> None:
    task = "models_registry.tasks.retire_dead_runs"
    current_app.send_task(task)
    sample = f'ml_task_seconds_count{{state="SUCCESS",task="{task}"}} 1.0'
    assert eventually(lambda: sample in page(worker_address))
