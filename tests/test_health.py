"""Each check of `/health` has a time limit: what hangs is told as down, and the rest is told all the same."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.test import Client

from leadqual import health
from leadqual.health import UP, Finding
from models_registry.models import ModelVersion
from tests.cast import assert_error

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PATIENCE = 3.0
"""Whoever is there answers within it, also on a machine that others use; what hangs takes all of it."""


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of somebody who takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A check that does not end before the test does."""
    over = threading.Event()

    def wait() -> Finding:
        over.wait(30)
        return Finding(UP)

    monkeypatch.setitem(health.CHECKS, "workers", wait)
    yield
    over.set()


@pytest.mark.usefixtures("hanging")
def test_a_check_that_hangs_is_down_after_its_limit_and_the_others_are_told(settings: Any) -> None:
    settings.HEALTH_TIMEOUT_SECONDS = PATIENCE
    answer = Client().get("/health")
    checks = answer.json()["checks"]
    assert (answer.status_code, answer["Cache-Control"]) == (503, "no-store")
    assert int(answer["Retry-After"]) > 0
    assert checks["workers"] == {"state": "down", "detail": "No answer within 3 s.", "milliseconds": 3000.0}
    assert {checks[name]["state"] for name in ("database", "cache", "broker")} == {"up"}
    assert checks["active_model"]["state"] == "degraded"


def test_a_cache_that_takes_calls_and_never_answers_is_down(silent_server: int, settings: Any) -> None:
    settings.HEALTH_TIMEOUT_SECONDS = PATIENCE
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_server}/0"
    answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert {name: each["state"] for name, each in answer.json()["checks"].items()} == {
        "database": "up",
        "cache": "down",
    }


def test_whether_a_worker_answers_is_asked_anew_where_the_broker_was_restarted(settings: Any) -> None:
    settings.HEALTH_TIMEOUT_SECONDS = 0.5
    nobody_answers = health.workers()
    assert nobody_answers.state == "down"
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        for each in server.client_list():
            if each["db"] == "1":  # the broker's; the cache's are left to the next tests
                server.client_kill_filter(_id=each["id"])
    assert health.workers() == nobody_answers


def test_the_model_that_scores_is_named_whoevers_it_is_and_counted_where_there_are_more() -> None:
    ModelVersion.objects.create(version="20260101000000", org_id="acme", is_active=True)
    assert health.active_model() == Finding(UP, "20260101000000")
    ModelVersion.objects.create(version="20260102000000", org_id="north", is_active=True)
    assert health.active_model() == Finding(UP, "2 organisations have one of their own.")


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize("address", ["/health", "/health/live", "/health/ready", "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_405_in_the_contracts_shape(address: str, method: str) -> None:
    response = Client(enforce_csrf_checks=True).generic(method, address)
    assert_error(response, 405)
    assert response["Allow"] == "GET, HEAD"


def test_whether_the_process_lives_is_told_without_asking_anybody() -> None:
    assert Client().get("/health/live").json() == {"status": "up"}
    assert Client().get("/health/ready").status_code == 200
