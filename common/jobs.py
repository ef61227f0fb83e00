"""Work in the background as a row: claimed by one worker, reporting its progress while it runs, ended once."""

from __future__ import annotations

import contextlib
import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from celery import current_app
from django.conf import settings
from django.db import models
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from common.serializers import iso
from common.tenancy import OrgQuerySet, OrgScoped, Row


class JobStatus(models.TextChoices):
    """The states of a job, in the contract's words."""

    QUEUED = "QUEUED", "Queued"
    RUNNING = "RUNNING", "Running"
    SUCCEEDED = "SUCCEEDED", "Succeeded"
    FAILED = "FAILED", "Failed"
    CANCELLED = "CANCELLED", "Cancelled"


OPEN_STATUSES = (JobStatus.QUEUED, JobStatus.RUNNING)


class JobLost(Exception):
    """The job was cancelled or retired while this worker was at it: stop, and change nothing."""


class JobQuerySet(OrgQuerySet[Row]):
    """Jobs by what may be done with them."""

    def open(self) -> Self:
        """Those neither finished nor given up."""
        return self.filter(status__in=OPEN_STATUSES)

    def dead(self, *, at: datetime) -> Self:
        """Running jobs whose worker has sent no heartbeat for longer than the time-out.

        A heartbeat that lies in the future was sent before the clock was set back, and proves nothing.
        """
        patience = timedelta(seconds=settings.ML_HEARTBEAT_TIMEOUT_SECONDS)
        return self.filter(status=JobStatus.RUNNING).exclude(heartbeat_at__range=(at - patience, at + patience))

    def unheard(self, *, at: datetime) -> Self:
        """Queued jobs that no worker has claimed within the heartbeat time-out since their task was sent (again)."""
        patience = timedelta(seconds=settings.ML_HEARTBEAT_TIMEOUT_SECONDS)
        sent = self.filter(status=JobStatus.QUEUED).annotate(sent_at=Coalesce("heartbeat_at", "created_at"))
        return sent.exclude(sent_at__range=(at - patience, at + patience))

    def send_again(self, task: str, *, at: datetime) -> int:
        """Queues again the tasks of jobs that have waited too long for a worker; how many.

        A task is lost where its sender was killed between the commit and the broker, where a worker was killed with it
        in hand, or where the broker lost its last second. Sending one twice is harmless: only one worker can claim the
        job. While the broker is away the jobs wait on.
        """
        sent = 0
        with contextlib.suppress(BrokerError):
            for job in self.unheard(at=at):
                current_app.send_task(task, [str(job.pk)])
                sent += self.filter(pk=job.pk, status=JobStatus.QUEUED).update(heartbeat_at=at)
        return sent

    def retire_dead(self, *, at: datetime) -> int:
        """Marks dead jobs as failed, so that they may be started again; how many there were."""
        return self.dead(at=at).update(
            status=JobStatus.FAILED, finished_at=at, error="The worker stopped answering; start it again."
        )


class Job(OrgScoped):
    """What every job has. Its changes are conditional updates, so that two workers cannot both own it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=16, choices=JobStatus.choices, default=JobStatus.QUEUED)
    stage = models.CharField(max_length=64, blank=True)
    progress = models.FloatField(default=0.0)
    messages = models.JSONField(default=list, blank=True)
    error = models.TextField(blank=True)
    started_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        """Whether it may still change."""
        return self.status in OPEN_STATUSES

    @property
    def log(self) -> list[dict[str, str]]:
        """Its messages as the contract shows them; older ones were stored with an offset of nought in place of Z."""
        return [each | {"at": str(each["at"]).replace("+00:00", "Z")} for each in self.messages]

    def _update(self, *states: str, **values: Any) -> bool:
        """Sets `values` where the row is still in one of `states`; whether it was."""
        changed = type(self)._default_manager.filter(pk=self.pk, status__in=states).update(**values)
        if changed:
            for name, value in values.items():
                if not isinstance(value, CombinedExpression):
                    setattr(self, name, value)
        return bool(changed)

    def claim(self) -> bool:
        """Takes the queued job for this worker; False where another has it or it was cancelled."""
        now = timezone.now()
        return self._update(JobStatus.QUEUED, status=JobStatus.RUNNING, started_at=now, heartbeat_at=now)

    def report(self, stage: str, progress: float, message: str = "") -> None:
        """Says how far it is (0 to 1) and that the worker lives. Raises JobLost where the job is no longer ours."""
        now = timezone.now()
        if message:
            self.messages = [*self.messages, {"at": iso(now), "stage": stage, "text": message}]
        values = {"stage": stage, "progress": min(max(progress, 0.0), 1.0), "heartbeat_at": now}
        if not self._update(JobStatus.RUNNING, messages=self.messages, **values):
            raise JobLost(str(self.pk))

    def succeed(self, **values: Any) -> None:
        """Ends it well. Raises JobLost where the job is no longer ours."""
        values |= {"status": JobStatus.SUCCEEDED, "progress": 1.0, "finished_at": timezone.now()}
        if not self._update(JobStatus.RUNNING, **values):
            raise JobLost(str(self.pk))

    def fail(self, error: str, **values: Any) -> bool:
        """Ends it badly, saying why; False where it had ended already."""
        values |= {"status": JobStatus.FAILED, "error": error, "finished_at": timezone.now()}
        return self._update(*OPEN_STATUSES, **values)

    def cancel(self) -> bool:
        """Ends it on request; its worker stops at its next report. False where it had ended already."""
        return self._update(*OPEN_STATUSES, status=JobStatus.CANCELLED, finished_at=timezone.now())


def hand_to_worker(job: Job, task: str) -> None:
    """Queues the task of a job that has been committed.

    Where the broker is away the job is failed, so that it blocks nothing, and the broker's error goes on (503): never
    is a job left waiting that no worker will hear of.
    """
    try:
        current_app.send_task(task, [str(job.pk)])
    except BrokerError:
        job.fail("The message broker was away, so no worker heard of it; ask again.")
        raise
