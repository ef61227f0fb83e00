"""`/metrics` for Prometheus: right across the processes of one server, and for what the database knows best."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from leadqual import task_metrics
from leadqual.experiment_metrics import ExperimentArms
from leadqual.living_metrics import LivingFigures
from leadqual.model_metrics import ActiveVersions, Alarms, JobsByStatus
from leadqual.service_metrics import Backlog, Beat, Cache, Connections, IncomingData, Queue
from models_registry import monitoring as model_monitoring
from predictions import monitoring

log = structlog.get_logger(__name__)

STORED: tuple[type[Collector], ...] = (
    JobsByStatus,
    ActiveVersions,
    Alarms,
    LivingFigures,
    ExperimentArms,
    Backlog,
    Beat,
    IncomingData,
    Connections,
)
"""What is read from the database at each scrape; those need not mind its being away."""
SERVERS: tuple[type[Collector], ...] = (Queue, Cache)

for each in (monitoring, model_monitoring, task_metrics):
    each.show_from_the_first_scrape()


def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format. What cannot be reached has no samples; the rest is shown all the same."""
    parts = [generate_latest(shared()), generate_latest(_of(SERVERS)), _from_database()]
    return HttpResponse(b"".join(parts), content_type=CONTENT_TYPE_LATEST)


def shared() -> CollectorRegistry:
    """What the processes count themselves: of all processes that share PROMETHEUS_MULTIPROC_DIR, where it is set."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _from_database() -> bytes:
    """All of it or, while the database is away, only that it is."""
    try:
        connection.ensure_connection()
        return generate_latest(_of(STORED)) + _database_is(up=True)
    except DatabaseError as error:  # the other figures are wanted then more than ever
        log.warning("metrics_without_database", error=type(error).__name__)
        return _database_is(up=False)


@dataclass(frozen=True)
class DatabaseUp(Collector):
    """Whether the database answered this scrape.

    No gauge of a process: where processes share figures, what each has found last would stand beside it for ever.
    """

    is_up: bool

    def collect(self) -> Iterator[Metric]:
        """One gauge."""
        yield GaugeMetricFamily("ml_database_up", "Whether the database answered this scrape.", value=self.is_up)


def _database_is(*, up: bool) -> bytes:
    registry = CollectorRegistry()
    registry.register(DatabaseUp(up))
    return generate_latest(registry)


def _of(collectors: tuple[type[Collector], ...]) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector())
    return registry
