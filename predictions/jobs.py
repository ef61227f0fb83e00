"""Scoring many leads in the background: in chunks by key range, which any number of workers on any machines take."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from common.jobs import JobLost, JobStatus, hand_to_worker
from leads.models import (
    Appointment,
    Dossier,
    Event,
    LeadAttribute,
    LeadChange,
    Message,
    Organisation,
    Outcome,
    Property,
)
from leads.standings import keep_ready
from leads.tables.dossier import DossierQuerySet
from predictions import monitoring
from predictions.bulk import score_in_bulk
from predictions.models import ScoreChunk, ScoreJob

SCORE_TASK = "predictions.tasks.score"
CHUNK_TASK = "predictions.tasks.score_chunk"
FILTERS = ("status", "source", "region", "owner", "dossier_ids", "include_decided", "changed_only")
# What tells of a lead, and the moment from which we know it.
NEWS = {
    Message: "recorded_at",
    Appointment: "recorded_at",
    Event: "recorded_at",
    LeadAttribute: "known_from",
    LeadChange: "changed_at",
    Property: "known_from",
    Outcome: "recorded_at",
}

CUT = """
WITH keys AS ({keys}),
     numbered AS (SELECT pk, (row_number() OVER (ORDER BY pk) - 1) / %s AS chunk FROM keys)
INSERT INTO ml_score_chunk (job_id, first_key, last_key)
SELECT %s::uuid, min(pk), max(pk) FROM numbered GROUP BY chunk ORDER BY chunk
"""


def start_score_job(*, org_id: str, by: str, criteria: Mapping[str, Any]) -> ScoreJob:
    """A queued job over the leads that the criteria name: by default all that are not yet decided."""
    job = ScoreJob.objects.create(
        org_id=org_id, started_by=by, criteria=dict(criteria), total=leads_for(org_id, criteria).count()
    )
    transaction.on_commit(lambda: hand_to_worker(job, SCORE_TASK))
    return job


def leads_for(org_id: str, criteria: Mapping[str, Any]) -> DossierQuerySet:
    """The organisation's leads that the criteria name."""
    chosen: DossierQuerySet = Dossier.objects.of(org_id)
    if not criteria.get("include_decided"):
        chosen = chosen.open()
    for name in ("status", "source", "region", "owner"):
        if criteria.get(name) is not None:
            chosen = chosen.filter(**{name: criteria[name]})
    if criteria.get("changed_only"):
        chosen = chosen.filter(_changed())
    numbers = criteria.get("dossier_ids")
    return chosen if numbers is None else chosen.filter(number__in=numbers)


def _changed() -> Q:
    """Never scored, or something is known of it that was not when it was scored last."""
    scored_at = OuterRef("score__scored_at")
    changed = Q(score__scored_at__isnull=True) | Q(updated_at__gt=F("score__scored_at"))
    for model, known in NEWS.items():
        changed |= Q(Exists(model._default_manager.filter(**{"dossier": OuterRef("pk"), f"{known}__gt": scored_at})))
    return changed


def plan(job: ScoreJob) -> int:
    """Claims the queued job for all workers and cuts its leads into chunks; how many. 0 where it is not to be done."""
    with transaction.atomic():
        if not job.claim():
            return 0
        keys, params = leads_for(job.org_id, job.criteria).order_by().values("pk").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(CUT.format(keys=keys), [*params, settings.SCORE_CHUNK_SIZE, str(job.pk)])
        made = job.chunks.aggregate(chunks=Count("pk"))["chunks"]
    if not made:
        job.succeed(stage="done")
    return int(made)


def score_next_chunk(job: ScoreJob) -> int | None:
    """Scores a chunk that nobody has, in one transaction; how many leads. None where there is none, or the job ended.

    The chunk's row stays locked until what was scored is stored: whoever dies on the way leaves it to the next.
    """
    keep_ready(job.org_id, Organisation.get(job.org_id).now().date())
    with transaction.atomic():
        chunk = _free_chunk(job)
        if chunk is None:
            return None
        with connection.cursor() as cursor:  # what a crash undoes is a whole chunk, which is then scored again
            cursor.execute("SET LOCAL synchronous_commit = off")
        leads = leads_for(job.org_id, job.criteria).filter(pk__gte=chunk.first_key, pk__lte=chunk.last_key)
        scored = score_in_bulk(org_id=job.org_id, leads=leads)
        ScoreChunk.objects.filter(pk=chunk.pk).update(scored=scored, done_at=timezone.now())
    monitoring.BATCH_SIZE.labels("job").observe(scored)
    return scored


def _free_chunk(job: ScoreJob) -> ScoreChunk | None:
    if not ScoreJob.objects.filter(pk=job.pk, status=JobStatus.RUNNING).exists():
        return None
    free = job.chunks.filter(scored__isnull=True).order_by("first_key")
    chunk: ScoreChunk | None = free.select_for_update(skip_locked=True).first()
    return chunk


def tell_progress(job: ScoreJob) -> None:
    """Counts the chunks that are done into the job, and ends it with the last. Raises JobLost where it is not ours."""
    done = job.chunks.aggregate(
        leads=Sum("scored", default=0), chunks=Count("pk"), done=Count("pk", filter=Q(scored__isnull=False))
    )
    if done["done"] == done["chunks"]:
        job.succeed(scored=done["leads"], total=done["leads"], stage="done")
    else:
        job.report("scoring", done["done"] / done["chunks"])
        ScoreJob.objects.filter(pk=job.pk).update(scored=done["leads"])


def run_score_job(job: ScoreJob, progress: Callable[[int], Any] = lambda scored: None) -> None:
    """Scores the job's leads here, chunk by chunk, telling after each; stops where the job is no longer ours."""
    if not plan(job):
        return
    while work_on(job, progress):
        pass


def work_on(job: ScoreJob, progress: Callable[[int], Any] = lambda scored: None) -> bool:
    """Scores one chunk and tells; whether there was one to score. An error of ours fails the job, and goes on."""
    try:
        with monitoring.counted_errors():
            scored = score_next_chunk(job)
        if scored is None:
            return False
        progress(scored)
        tell_progress(job)
    except JobLost:
        return False
    except Exception:
        job.fail("Scoring stopped on an error of ours, which has been logged; what was scored is kept.")
        raise
    return True


def resume(job: ScoreJob) -> None:
    """Hands the chunks that are left to workers again."""
    with contextlib.suppress(JobLost):
        job.report("scoring", job.progress)
        for _ in range(job.chunks.filter(scored__isnull=True).count()):
            hand_to_worker(job, CHUNK_TASK)


def organisations_with_leads() -> list[str]:
    """Every organisation that has a lead."""
    return list(Dossier.objects.order_by("org_id").values_list("org_id", flat=True).distinct())
