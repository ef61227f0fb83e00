"""What Prometheus sees of what we lean on: queue, workers' backlog, beat, connections, cache, incoming data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models import Max, Min, Q
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import ChannelError
from kombu.exceptions import OperationalError as BrokerError
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from common.jobs import Job, JobStatus
from leads.models import Appointment, Dossier, Event, ImportJob, Message, Outcome
from models_registry.models import TrainingRun
from predictions.models import ScoreJob

JOBS: dict[str, type[Job]] = {"training": TrainingRun, "score": ScoreJob, "import": ImportJob}
TOLD: tuple[type[Any], ...] = (Dossier, Message, Appointment, Event, Outcome)
CONNECTIONS = """
SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1
"""
STATES = {"active": "active", "idle": "idle", "idle in transaction": "idle in transaction"}
CACHE = {
    "ml_cache_hits_total": ("keyspace_hits", "Look-ups in Valkey that found something."),
    "ml_cache_misses_total": ("keyspace_misses", "Look-ups in Valkey that found nothing."),
}


class Backlog(Collector):
    """What waits for a worker, from the database."""

    def collect(self) -> Iterator[Metric]:
        """One gauge: 0 where nothing waits."""
        words = "How long the job that has waited longest for a worker has waited."
        family = GaugeMetricFamily("ml_job_waiting_seconds", words, labels=["kind"])
        now = timezone.now()
        for name, job in JOBS.items():
            waiting = job._default_manager.filter(status=JobStatus.QUEUED)
            oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
            family.add_metric([name], max((now - oldest).total_seconds(), 0) if oldest else 0)
        yield family


class Beat(Collector):
    """When the schedule last handed out a task; beat writes it down every three minutes."""

    def collect(self) -> Iterator[Metric]:
        """One gauge: where no task was ever handed out, when the schedules were made; beat is silent since then.

        Not what was handed out in the future, before the clock was set back: beat would seem to be at work till then.
        """
        words = "When beat last handed out a task, in seconds since 1970."
        until_now = Max("last_run_at", filter=Q(last_run_at__lte=timezone.now()))
        told = PeriodicTask.objects.aggregate(last=until_now, made=Min("date_changed"))
        yield _moment("ml_beat_last_task_timestamp_seconds", words, told["last"] or told["made"])


class IncomingData(Collector):
    """When the CRM last told us anything: the row with the highest key of each table, so it costs nothing."""

    def collect(self) -> Iterator[Metric]:
        """One gauge, without a sample where nothing was ever told."""
        newest = (table.objects.order_by("-pk").values_list("recorded_at", flat=True).first() for table in TOLD)
        at = max((moment for moment in newest if moment is not None), default=None)
        yield _moment("ml_data_newest_timestamp_seconds", "When data last came in, in seconds since 1970.", at)


def _moment(name: str, words: str, at: datetime | None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[])
    if at is not None:
        family.add_metric([], at.timestamp())
    return family


class Connections(Collector):
    """How many of PostgreSQL's connections are taken, by everybody on our database."""

    def collect(self) -> Iterator[Metric]:
        """Two gauges; every state from the first scrape on."""
        words = "Connections to our database."
        family = GaugeMetricFamily("ml_database_connections", words, labels=["state"])
        with connection.cursor() as cursor:
            cursor.execute(CONNECTIONS)
            found = dict(cursor.fetchall())
            cursor.execute("SELECT current_setting('max_connections')::int")
            (limit,) = cursor.fetchone() or (0,)
        for state in STATES:
            family.add_metric([state], found.pop(state, 0))
        family.add_metric(["other"], sum(found.values()))
        yield family
        words = "So many connections PostgreSQL allows in all."
        yield GaugeMetricFamily("ml_database_connections_limit", words, value=limit)


class Queue(Collector):
    """How many tasks wait at the broker; no sample while it is away."""

    def collect(self) -> Iterator[Metric]:
        """One gauge."""
        name = current_app.conf.task_default_queue
        family = GaugeMetricFamily("ml_queue_depth", "Tasks that wait at the broker.", labels=["queue"])
        with contextlib.suppress(BrokerError, OSError):
            family.add_metric([name], _depth(name))
        yield family


def _depth(queue: str) -> int:
    limit = settings.HEALTH_TIMEOUT_SECONDS
    with current_app.connection_for_read(connect_timeout=limit) as link:
        link.ensure_connection(max_retries=0, timeout=limit)
        try:
            return int(link.default_channel.queue_declare(queue=queue, passive=True).message_count)  # type: ignore[attr-defined]
        except ChannelError:  # Redis knows no empty queue
            return 0


class Cache(Collector):
    """What Valkey says of itself; no sample while it is away."""

    def collect(self) -> Iterator[Metric]:
        """Two counters and a gauge."""
        try:
            told = _told_by_cache()
        except redis.RedisError:
            told = {}
        memory = GaugeMetricFamily("ml_cache_memory_bytes", "Memory that Valkey uses.", labels=[])
        if told:
            memory.add_metric([], told["used_memory"])
        yield memory
        for name, (key, words) in CACHE.items():
            family = CounterMetricFamily(name, words, labels=[])
            if told:
                family.add_metric([], told[key])
            yield family


def _told_by_cache() -> dict[str, Any]:
    limit = settings.HEALTH_TIMEOUT_SECONDS
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=limit, socket_connect_timeout=limit) as client:
        return dict(client.info())
