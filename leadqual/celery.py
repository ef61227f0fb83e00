"""The Celery application: `celery -A leadqual worker`."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

from leadqual import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")

broker.outlive()
app = Celery("leadqual")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect  # Celery's own way to be told that logging is ours
def keep_our_logging(**_: Any) -> None:
    """Leaves logging as the settings have it."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_init.connect  # before the pool is forked
def trace_tasks(**_: Any) -> None:
    """Sends traces, where the settings say where to."""
    from leadqual import tracing

    tracing.start("leadqual-worker")


@beat_init.connect
def trace_beat(**_: Any) -> None:
    """The same for what the schedule hands out."""
    from leadqual import tracing

    tracing.start("leadqual-beat")


@worker_init.connect  # Celery's own way to do something once, before the pool is forked
def warm_up(**_: Any) -> None:
    """Has the compiled loops ready before the first task."""
    from models_registry.learning.warming import warm

    warm()


@worker_ready.connect
def show_metrics(**_: Any) -> None:
    """Shows Prometheus what this worker and its children count, where `WORKER_METRICS_PORT` names a port."""
    from django.conf import settings
    from prometheus_client import start_http_server

    from leadqual.metrics import shared

    if settings.WORKER_METRICS_PORT:
        start_http_server(settings.WORKER_METRICS_PORT, addr=settings.WORKER_METRICS_HOST, registry=shared())
