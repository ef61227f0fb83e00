"""The chunks of a score job: taken by one worker at a time, tried a few times, and given up with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from common.jobs import JobStatus
from predictions.models import ScoreChunk, ScoreJob

ATTEMPTS = 3
HEADSTART = timedelta(seconds=5)
"""So long after a chunk was taken nobody else looks at it: its worker is about to lock it."""
UNDONE = Q(scored__isnull=True, failed__isnull=True)


def take(job: ScoreJob) -> ScoreChunk | None:
    """The next chunk to try, with one attempt more noted on it; None where there is none, or the job has ended.

    The attempt is noted in a transaction of its own, so that it is on record even where the worker is killed by it.
    """
    if not ScoreJob.objects.filter(pk=job.pk, status=JobStatus.RUNNING).exists():
        return None
    with transaction.atomic():
        now = timezone.now()
        waiting = job.chunks.filter(UNDONE, attempts__lt=ATTEMPTS).exclude(tried_at__range=(now - HEADSTART, now))
        chunk: ScoreChunk | None = waiting.order_by("attempts", "first_key").select_for_update(skip_locked=True).first()
        if chunk is not None:
            ScoreChunk.objects.filter(pk=chunk.pk).update(attempts=F("attempts") + 1, tried_at=now)
    return chunk


def lock(chunk: ScoreChunk) -> bool:
    """Locks an undone chunk until the transaction ends; False where another worker has it, or has done it."""
    return ScoreChunk.objects.filter(UNDONE, pk=chunk.pk).select_for_update(skip_locked=True).exists()


def worn_out(job: ScoreJob) -> Sequence[ScoreChunk]:
    """Chunks whose attempts are used up, and which no worker has."""
    with transaction.atomic():
        before = timezone.now() - HEADSTART
        tried = job.chunks.filter(UNDONE, attempts__gte=ATTEMPTS, tried_at__lt=before)
        return list(tried.select_for_update(skip_locked=True))


def hand_back(chunk: ScoreChunk) -> bool:
    """Frees the chunk to be tried again by the next worker; False where its attempts are used up."""
    left = ScoreChunk.objects.filter(UNDONE, pk=chunk.pk, attempts__lt=ATTEMPTS)
    return bool(left.update(tried_at=None))


def give_up(chunk: ScoreChunk, error: str, *, leads: int) -> None:
    """Notes that so many leads are not scored, and why. A chunk that was done after all stays so."""
    ScoreChunk.objects.filter(UNDONE, pk=chunk.pk).update(failed=leads, error=error, done_at=timezone.now())


@dataclass(frozen=True)
class Counts:
    """How far a job's chunks are, in chunks and in leads."""

    chunks: int
    left: int
    given_up: int
    scored: int
    failed: int

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return (self.chunks - self.left) / self.chunks if self.chunks else 1.0


def count(job: ScoreJob) -> Counts:
    """How far the job is."""
    return Counts(
        **job.chunks.aggregate(
            chunks=Count("pk"),
            left=Count("pk", filter=UNDONE),
            given_up=Count("pk", filter=Q(failed__isnull=False)),
            scored=Sum("scored", default=0),
            failed=Sum("failed", default=0),
        )
    )


def reasons(job: ScoreJob) -> str:
    """Why leads were given up, in a sentence."""
    errors = sorted(set(job.chunks.filter(failed__isnull=False).values_list("error", flat=True)))
    return f"Some leads could not be scored ({'; '.join(errors)}); the log says more. What was scored is kept."
