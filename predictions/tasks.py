"""What workers do in this room."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from common.one_by_one import for_each
from predictions import partitions
from predictions.forgetting import keep_to_retention
from predictions.jobs import SCORE_TASK, organisations_with_leads, plan, resume, start_scoring_all, work_on
from predictions.measurement import measure_all
from predictions.models import ScoreJob
from predictions.recalibrating import recalibrate_all_where_due


@shared_task
def score(job_id: str) -> None:
    """Cuts one score job into chunks, a task each, for whichever workers are free."""
    for _ in range(plan(ScoreJob.objects.get(pk=job_id))):
        score_chunk.delay(job_id)


@shared_task
def score_chunk(job_id: str) -> None:
    """Scores a chunk of a job that nobody has yet."""
    work_on(ScoreJob.objects.get(pk=job_id))


@shared_task
def keep_partitions() -> None:
    """Daily: makes the months of predictions ahead, and drops those that are no longer kept."""
    partitions.make_ahead(timezone.now())
    partitions.drop_old(timezone.now())


@shared_task
def score_all_leads() -> None:
    """The nightly schedule: every open lead of every organisation.

    Not where that is under way: a worker that comes back after some days finds a night's task for each of them.
    """
    for_each(
        organisations_with_leads(),
        lambda org_id: start_scoring_all(org_id=org_id, by="schedule"),
        failure="scoring_not_started",
    )


@shared_task
def retire_dead_jobs() -> int:
    """Resumes the jobs whose workers have gone; those of a day ago, or that were not cut yet, fail. How many failed.

    A job whose last worker went after its last chunk is ended as its chunks say. Those that no worker has heard of are
    queued again.
    """
    now = timezone.now()
    ScoreJob.objects.send_again(SCORE_TASK, at=now)
    left = ScoreJob.objects.dead(at=now).filter(created_at__gt=now - timedelta(days=1), chunks__isnull=False)
    for job in left.distinct():
        resume(job)
    return ScoreJob.objects.retire_dead(at=now)


@shared_task
def measure_quality() -> int:
    """Daily: whether each organisation's active version keeps its word, and whether leads have changed."""
    return measure_all(at=timezone.now())


@shared_task
def recalibrate_where_due_daily() -> None:
    """Renews the calibration of every active version that no longer keeps its word."""
    recalibrate_all_where_due()


@shared_task
def forget_by_retention() -> int:
    """Daily: forgets the leads that are past their time."""
    return keep_to_retention(at=timezone.now())
