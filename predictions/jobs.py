"""Scoring many leads in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from common.jobs import JobLost, hand_to_worker
from leads.models import Dossier
from leads.tables.dossier import DossierQuerySet
from predictions.models import ScoreJob
from predictions.scoring import score_leads

SCORE_TASK = "predictions.tasks.score"
FILTERS = ("status", "source", "region", "owner", "dossier_ids", "include_decided")


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
    numbers = criteria.get("dossier_ids")
    return chosen if numbers is None else chosen.filter(number__in=numbers)


def run_score_job(job: ScoreJob) -> None:
    """Scores the job's leads chunk by chunk, reporting after each; stops where the job is no longer ours."""
    if not job.claim():
        return
    try:
        total = leads_for(job.org_id, job.criteria).count()
        ScoreJob.objects.filter(pk=job.pk).update(total=total)
        scored, failed = score_in_chunks(
            job.org_id, job.criteria, lambda done, bad: _report(job, done, bad, max(total, 1))
        )
        job.succeed(scored=scored, failed=failed, stage="done")
    except JobLost:
        return
    except Exception:
        job.fail("Scoring stopped on an error of ours, which has been logged; what was scored is kept.")
        raise


def _report(job: ScoreJob, scored: int, failed: int, total: int) -> None:
    job.report("scoring", (scored + failed) / total)
    ScoreJob.objects.filter(pk=job.pk).update(scored=scored, failed=failed)


def score_in_chunks(org_id: str, criteria: Mapping[str, Any], progress: Callable[[int, int], None]) -> tuple[int, int]:
    """Scores in order of key, so that leads that come in meanwhile shift nothing. How many were scored, and failed."""
    scored, last = 0, 0
    while chunk := list(leads_for(org_id, criteria).filter(pk__gt=last).order_by("pk")[: settings.SCORE_CHUNK_SIZE]):
        scored += len(score_leads(org_id=org_id, dossiers=chunk))
        last = chunk[-1].pk
        progress(scored, 0)
    return scored, 0


def organisations_with_leads() -> list[str]:
    """Every organisation that has a lead."""
    return list(Dossier.objects.order_by("org_id").values_list("org_id", flat=True).distinct())
