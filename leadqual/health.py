"""Whether everything that scoring needs is there, each asked within a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from common.errors import RETRY_AFTER_SECONDS
from common.serializers import iso
from models_registry.models import ModelVersion

UP, DOWN, DEGRADED = "up", "down", "degraded"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    state: str
    detail: str = ""


def database() -> Finding:
    """Whether PostgreSQL answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding(UP)


def broker() -> Finding:
    """Whether tasks can be handed in."""
    with current_app.connection_for_write(connect_timeout=settings.HEALTH_TIMEOUT_SECONDS) as link:
        link.ensure_connection(max_retries=0, timeout=settings.HEALTH_TIMEOUT_SECONDS)
    return Finding(UP)


def cache() -> Finding:
    """Whether limits can be counted."""
    limit = settings.HEALTH_TIMEOUT_SECONDS
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=limit, socket_connect_timeout=limit) as client:
        client.ping()
    return Finding(UP)


def workers() -> Finding:
    """Whether a worker takes tasks."""
    seconds = settings.HEALTH_TIMEOUT_SECONDS * 0.8
    # Celery's pooled connection may be one that the broker has ended since: reading the answers tries it only once.
    with current_app.connection_for_write(connect_timeout=settings.HEALTH_TIMEOUT_SECONDS) as link:
        answers = current_app.control.broadcast("ping", reply=True, timeout=seconds, limit=1, connection=link)
    return Finding(UP) if answers else Finding(DOWN, "No Celery worker answers: training and score jobs wait.")


def active_model() -> Finding:
    """Which version scores, or how many, each for its organisation; without any the rules do, which is no failure."""
    active = list(ModelVersion.objects.active().values_list("version", flat=True)[:2])
    if not active:
        return Finding(DEGRADED, "No model is active: the rules score.")
    if len(active) == 1:
        return Finding(UP, active[0])
    return Finding(UP, f"{ModelVersion.objects.active().count()} organisations have one of their own.")


CHECKS: dict[str, Callable[[], Finding]] = {
    "database": database,
    "broker": broker,
    "cache": cache,
    "workers": workers,
    "active_model": active_model,
}
READY = ("database", "cache")


def health(request: HttpRequest) -> JsonResponse:
    """200 where everything is up, else 503, with each dependency's state and milliseconds."""
    return _answer(CHECKS)


def ready(request: HttpRequest) -> JsonResponse:
    """200 where this process can serve requests: for a load balancer."""
    return _answer({name: CHECKS[name] for name in READY})


def live(request: HttpRequest) -> JsonResponse:
    """200: this process answers."""
    return JsonResponse({"status": UP})


def _answer(checks: dict[str, Callable[[], Finding]]) -> JsonResponse:
    found = _look(checks)
    is_up = all(each["state"] != DOWN for each in found.values())
    response = JsonResponse(
        {"status": UP if is_up else DOWN, "time": iso(timezone.now()), "checks": found}, status=200 if is_up else 503
    )
    if not is_up:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def _look(checks: dict[str, Callable[[], Finding]]) -> dict[str, dict[str, Any]]:
    # Not a `with` block: leaving one waits for every check, and one of them may hang.
    pool = ThreadPoolExecutor(len(checks), thread_name_prefix="health")
    try:
        asked = {name: pool.submit(_timed, check) for name, check in checks.items()}
        wait(asked.values(), timeout=settings.HEALTH_TIMEOUT_SECONDS)
        return {name: _outcome(answer) for name, answer in asked.items()}
    finally:
        pool.shutdown(wait=False)


def _outcome(answer: Future[tuple[Finding, float]]) -> dict[str, Any]:
    limit = settings.HEALTH_TIMEOUT_SECONDS
    late = Finding(DOWN, f"No answer within {limit:g} s."), limit * 1000
    finding, milliseconds = answer.result() if answer.done() else late
    return {"state": finding.state, "detail": finding.detail, "milliseconds": round(milliseconds, 1)}


def _timed(check: Callable[[], Finding]) -> tuple[Finding, float]:
    began = time.perf_counter()
    try:
        finding = check()
    except Exception as error:  # whatever a driver raises means that its service is away
        finding = Finding(DOWN, type(error).__name__)
    finally:
        connection.close()  # this thread's own
    return finding, (time.perf_counter() - began) * 1000
