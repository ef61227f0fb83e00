"""`/metrics` for Prometheus: right across the processes of one server, and for what the database knows best."""

from __future__ import annotations

import os
from collections.abc import Iterator

from django.db import DatabaseError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from common.jobs import JobStatus
from leadqual.experiment_metrics import ExperimentArms
from leadqual.living_metrics import LivingFigures
from models_registry.models import TrainingRun
from predictions import monitoring

monitoring.show_from_the_first_scrape()


class TrainingRuns(Collector):
    """Training runs by status, counted where they are kept: workers run on other machines."""

    def collect(self) -> Iterator[Metric]:
        """One counter, each status from the first scrape on; nothing while the database is away."""
        family = CounterMetricFamily("ml_model_training_total", "Training runs.", labels=["status"])
        try:
            counts = dict(TrainingRun.objects.order_by().values_list("status").annotate(Count("pk")))
        except DatabaseError:  # the other figures are wanted then more than ever
            return
        for status in JobStatus.values:
            family.add_metric([status], counts.get(status, 0))
        yield family


def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format."""
    text = generate_latest(_shared()) + generate_latest(_from_database())
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _shared() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _from_database() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(TrainingRuns())
    registry.register(LivingFigures())
    registry.register(ExperimentArms())
    return registry
