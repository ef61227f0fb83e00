"""What Prometheus sees of tasks: how long each took in its worker."""

from __future__ import annotations

import time
from typing import Any

from celery import current_app
from celery.signals import task_postrun, task_prerun
from prometheus_client import Histogram

SECONDS = Histogram(
    "ml_task_seconds",
    "How long a task took in a worker, in seconds.",
    ["task", "state"],
    buckets=(0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600),
)
STATES = ("SUCCESS", "FAILURE", "RETRY")
OTHER = "other"

_began: dict[str, float] = {}


def show_from_the_first_scrape() -> None:
    """Makes the metric exist at zero."""
    SECONDS.labels(OTHER, "SUCCESS")


@task_prerun.connect  # Celery's own way to be told of a task
def remember(task_id: str, **_: Any) -> None:
    """Notes when a task began."""
    _began[task_id] = time.monotonic()


@task_postrun.connect
def observe(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    """Tells how long it took."""
    began = _began.pop(task_id, None)
    if began is not None:
        SECONDS.labels(_name(task), state if state in STATES else OTHER).observe(time.monotonic() - began)


def _name(task: Any) -> str:
    """The task's name; those that are not registered share one, so that labels stay few."""
    return task.name if task.name in current_app.tasks and not task.name.startswith("celery.") else OTHER
