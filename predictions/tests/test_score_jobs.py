"""Scoring many: chunk by chunk, told as it goes, resumable, by any door."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from common.jobs import JobStatus
from leads.models import Dossier, LeadScore
from leads.tests.cast import DAY, MONDAY, a_lead, a_message, an_outcome
from predictions import bulk, jobs
from predictions.jobs import plan, run_score_job, score_next_chunk, start_score_job, work_on
from predictions.models import Prediction, ScoreJob
from predictions.tasks import retire_dead_jobs, score_all_leads, score_chunk

pytestmark = pytest.mark.django_db


def started(**criteria: Any) -> ScoreJob:
    return start_score_job(org_id="default", by="tester", criteria=criteria)


def test_all_undecided_leads_are_scored_in_chunks(settings: Any) -> None:
    settings.SCORE_CHUNK_SIZE = 2
    open_leads = [a_lead() for _ in range(5)]
    an_outcome(a_lead(), True, MONDAY + DAY)
    job = started()
    assert plan(job) == 3
    for _ in range(3):
        score_chunk(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.total, job.scored, job.failed, job.progress) == (JobStatus.SUCCEEDED, 5, 5, 0, 1.0)
    assert set(LeadScore.objects.values_list("dossier", flat=True)) == {lead.pk for lead in open_leads}


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"source": "web"}, 1),
        ({"dossier_ids": [11, 12]}, 2),
        ({"include_decided": True}, 4),
        ({"status": "GONE"}, 0),
        ({}, 3),
    ],
)
def test_a_filter_names_the_leads(criteria: dict[str, Any], expected: int) -> None:
    for number, source in ((11, "web"), (12, "ads"), (13, "ads")):
        a_lead(number=number, source=source)
    an_outcome(a_lead(number=14, source="web"), False, MONDAY + DAY)
    job = started(**criteria)
    run_score_job(job)
    assert job.scored == Prediction.objects.count() == expected


def test_a_job_is_done_once() -> None:
    a_lead()
    job = started()
    run_score_job(job)
    run_score_job(ScoreJob.objects.get(pk=job.pk))
    assert Prediction.objects.count() == 1


def test_a_cancelled_job_stops_and_keeps_what_it_scored(settings: Any) -> None:
    settings.SCORE_CHUNK_SIZE = 1
    for _ in range(3):
        a_lead()
    job = started()
    run_score_job(job, lambda scored: ScoreJob.objects.get(pk=job.pk).cancel())
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert Prediction.objects.count() == 1


def test_an_error_of_ours_fails_the_job_and_is_raised_for_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    a_lead()
    job = started()

    def broken(**_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "score_in_bulk", broken)
    with pytest.raises(ZeroDivisionError):
        run_score_job(job)
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert "kept" in job.error


def test_a_chunk_whose_worker_died_is_left_to_the_next_and_scored_once(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCORE_CHUNK_SIZE = 2
    leads = [a_lead() for _ in range(6)]
    job = started()
    assert plan(job) == 3
    assert score_next_chunk(job) == 2

    def dies(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "_make_current", dies)
        with pytest.raises(KeyboardInterrupt):
            score_next_chunk(job)
    assert Prediction.objects.count() == 2
    while work_on(job):
        pass
    job.refresh_from_db()
    assert (job.status, job.scored) == (JobStatus.SUCCEEDED, 6)
    assert sorted(Prediction.objects.values_list("dossier", flat=True)) == [lead.pk for lead in leads]


def test_a_job_left_by_its_workers_is_taken_up_again(settings: Any) -> None:
    settings.SCORE_CHUNK_SIZE = 1
    for _ in range(2):
        a_lead()
    job = started()
    plan(job)
    score_next_chunk(job)
    ScoreJob.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert retire_dead_jobs() == 0
    job.refresh_from_db()
    assert job.status in {JobStatus.RUNNING, JobStatus.SUCCEEDED}


def test_only_leads_that_changed_since_their_last_score() -> None:
    old, told, changed = (a_lead() for _ in range(3))
    run_score_job(started())
    a_message(told, timezone.now())
    Dossier.objects.filter(pk=changed.pk).update(updated_at=timezone.now())
    new = a_lead()
    job = started(changed_only=True)
    run_score_job(job)
    assert job.scored == 3
    assert Prediction.objects.filter(dossier=old).count() == 1
    assert {told.pk, changed.pk, new.pk} == set(
        Prediction.objects.order_by("-pk").values_list("dossier", flat=True)[:3]
    )


def test_a_job_whose_worker_died_is_retired() -> None:
    job = started()
    assert job.claim()
    ScoreJob.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert retire_dead_jobs() == 1
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED


def test_every_night_each_organisations_leads_are_scored() -> None:
    a_lead()
    a_lead(org_id="other")
    score_all_leads()
    assert set(ScoreJob.objects.values_list("org_id", "started_by")) == {("default", "schedule"), ("other", "schedule")}


def test_the_command_scores_here_and_now(capsys: Any) -> None:
    a_lead()
    call_command("score_leads")
    assert "1 leads scored, 0 failed." in capsys.readouterr().out
