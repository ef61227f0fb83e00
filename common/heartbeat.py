"""A job's heartbeat, from a thread of its own: one stage of the work may take longer than a worker may stay silent."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from common.jobs import Job, JobStatus

BEATS = 6
"""So many signs in the time after which a silent job counts as dead: a few may be lost."""


@contextlib.contextmanager
def beating(job: Job) -> Iterator[None]:
    """Reports that the job's worker is alive for as long as the block runs, and no longer than its process lives."""
    over = threading.Event()
    heart = threading.Thread(target=_beat, args=(job, over), daemon=True, name="heartbeat")
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()


def _beat(job: Job, over: threading.Event) -> None:
    mine = type(job)._default_manager.filter(pk=job.pk, status=JobStatus.RUNNING)
    while not over.wait(settings.ML_HEARTBEAT_TIMEOUT_SECONDS / BEATS):
        with contextlib.suppress(Error):  # while the database is away, there is nobody to tell
            mine.update(heartbeat_at=timezone.now())
        connection.close()  # this thread's own; the next beat is seconds away
