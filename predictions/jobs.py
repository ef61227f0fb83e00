"""Scoring many leads in the background: in chunks by key range, which any number of workers on any machines take."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from common.answers import DEPENDENCY_ERRORS
from common.jobs import JobLost, JobStatus, hand_to_worker
from common.turns import take_turn
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
from leads.seen import LeadGone
from leads.standings import keep_ready
from leads.tables.dossier import DossierQuerySet
from predictions import chunks, monitoring
from predictions.bulk import score_in_bulk
from predictions.models import ScoreChunk, ScoreJob

SCORE_TASK = "predictions.tasks.score"
CHUNK_TASK = "predictions.tasks.score_chunk"
NOBODY = [0]
"""In place of no number at all, of which Django makes no statement (EmptyResultSet): no lead has this one."""
# What is raised where a lead is forgotten while it is scored: before it is read, or before its score is stored.
FORGOTTEN = (LeadGone, IntegrityError)
log = structlog.get_logger(__name__)
# What tells of a lead, and the moment from which it counts. That may lie before the moment at which we were told, which
# intake notes in the lead's `updated_at`.
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


@transaction.atomic
def start_scoring_all(*, org_id: str, by: str) -> ScoreJob | None:
    """A queued job over all leads that are not yet decided; None where one is under way already."""
    take_turn(f"scoring all of {org_id}")
    if ScoreJob.objects.of(org_id).of_all_leads().open().exists():
        return None
    return start_score_job(org_id=org_id, by=by, criteria={})


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
    return chosen if numbers is None else chosen.filter(number__in=numbers or NOBODY)


def _changed() -> Q:
    """Never scored, or something is known of it that was not when it was scored last. What lies ahead is not yet."""
    scored_at, now = OuterRef("score__scored_at"), timezone.now()
    changed = Q(score__scored_at__isnull=True) | Q(updated_at__gt=F("score__scored_at"))
    for model, known in NEWS.items():
        since = {"dossier": OuterRef("pk"), f"{known}__gt": scored_at, f"{known}__lte": now}
        changed |= Q(Exists(model._default_manager.filter(**since)))
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

    The chunk's row stays locked until what was scored is stored: whoever dies on the way leaves it to the next. Where a
    lead was forgotten meanwhile, nothing of the chunk is stored, and it is tried again without that lead. An error of
    ours gives the chunk up; those that can heal (a server away) are raised, and the chunk is tried again.
    """
    keep_ready(job.org_id, Organisation.get(job.org_id).now().date())
    while (chunk := chunks.take(job)) is not None:
        try:
            with monitoring.counted_errors():
                scored = _score_or_hand_back(job, chunk)
        except DEPENDENCY_ERRORS:
            raise
        except Exception as error:
            log.exception("chunk_given_up", job=str(job.pk), first=chunk.first_key, last=chunk.last_key)
            chunks.give_up(chunk, type(error).__name__, leads=_leads_of(job, chunk).count())
            return 0
        if scored is not None:
            monitoring.BATCH_SIZE.labels("job").observe(scored)
            return scored
    return None


def _score_or_hand_back(job: ScoreJob, chunk: ScoreChunk) -> int | None:
    """Scores the leads of a chunk; None where another worker was quicker, or a lead was forgotten meanwhile."""
    try:
        return _score(job, chunk)
    except FORGOTTEN as error:
        if not chunks.hand_back(chunk):
            raise
        log.info("chunk_handed_back", job=str(job.pk), first=chunk.first_key, error=type(error).__name__)
        return None


def _score(job: ScoreJob, chunk: ScoreChunk) -> int | None:
    """Scores the leads of a chunk; None where another worker was quicker."""
    with transaction.atomic():
        if not chunks.lock(chunk):
            return None
        with connection.cursor() as cursor:  # what a crash undoes is a whole chunk, which is then scored again
            cursor.execute("SET LOCAL synchronous_commit = off")
        scored = score_in_bulk(org_id=job.org_id, leads=_leads_of(job, chunk))
        ScoreChunk.objects.filter(pk=chunk.pk).update(scored=scored, done_at=timezone.now())
    return scored


def _leads_of(job: ScoreJob, chunk: ScoreChunk) -> DossierQuerySet:
    return leads_for(job.org_id, job.criteria).filter(pk__gte=chunk.first_key, pk__lte=chunk.last_key)


def tell_progress(job: ScoreJob) -> None:
    """Counts the chunks that are done into the job, and ends it with the last. Raises JobLost where it is not ours."""
    for chunk in chunks.worn_out(job):
        words = f"{chunks.ATTEMPTS} attempts, each of which ended its worker or met a server away"
        chunks.give_up(chunk, words, leads=_leads_of(job, chunk).count())
    counts = chunks.count(job)
    if counts.left:
        job.report("scoring", counts.share)
        # Another worker may have counted all and ended the job since.
        ScoreJob.objects.filter(pk=job.pk, status=JobStatus.RUNNING).update(scored=counts.scored, failed=counts.failed)
    elif counts.failed or counts.given_up:
        job.fail(chunks.reasons(job), scored=counts.scored, failed=counts.failed, progress=1.0)
    else:
        job.succeed(scored=counts.scored, total=counts.scored, stage="done")


def run_score_job(job: ScoreJob, progress: Callable[[int], Any] = lambda scored: None) -> None:
    """Scores the job's leads here, chunk by chunk, telling after each; stops where the job is no longer ours."""
    if not plan(job):
        return
    while work_on(job, progress):
        pass


def work_on(job: ScoreJob, progress: Callable[[int], Any] = lambda scored: None) -> bool:
    """Scores one chunk and tells; whether there was one to score."""
    try:
        scored = score_next_chunk(job)
        if scored is not None:
            progress(scored)
        tell_progress(job)
    except JobLost:
        return False
    return scored is not None


def resume(job: ScoreJob) -> None:
    """Hands the chunks that are left to workers again; while the broker is away, the next time."""
    with contextlib.suppress(JobLost, BrokerError):
        tell_progress(job)
        for _ in range(chunks.count(job).left if job.is_open else 0):
            current_app.send_task(CHUNK_TASK, [str(job.pk)])


def organisations_with_leads() -> list[str]:
    """Every organisation that has a lead."""
    return list(Dossier.objects.order_by("org_id").values_list("org_id", flat=True).distinct())
