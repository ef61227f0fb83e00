"""Scoring many: chunk by chunk, told as it goes, resumable, by any door."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from common.jobs import JobStatus
from common.one_by_one import SomeFailed
from leads.models import Dossier, LeadScore, Organisation
from leads.records import EventRecord
from leads.tests.cast import DAY, MONDAY, a_lead, a_message, an_outcome
from leads.tests.told import a_record, happen, tell
from predictions import bulk, chunks, jobs
from predictions.forgetting import forget_lead
from predictions.jobs import plan, run_score_job, score_next_chunk, start_score_job, work_on
from predictions.models import Prediction, ScoreJob
from predictions.phrases import PHRASES
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
    scored = LeadScore.objects.exclude(probability=None).values_list("dossier", flat=True)
    assert set(scored) == {lead.pk for lead in open_leads}


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"source": "web"}, 1),
        ({"dossier_ids": [11, 12]}, 2),
        ({"dossier_ids": []}, 0),
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
    assert (job.status, job.progress) == (JobStatus.SUCCEEDED, 1.0)


def test_a_job_whose_only_lead_is_forgotten_before_its_chunk_is_scored_ends_well() -> None:
    job = started(dossier_ids=[a_lead().number])
    assert plan(job) == 1
    assert forget_lead(org_id="default", number=Dossier.objects.get().number, by="tester", at=timezone.now())
    score_chunk(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.scored, job.failed, job.criteria) == (JobStatus.SUCCEEDED, 0, 0, {"dossier_ids": []})


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


def test_a_chunk_that_cannot_be_scored_is_given_up_with_its_error_and_the_others_are_scored(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCORE_CHUNK_SIZE = 2
    poison = [a_lead(), a_lead()]
    others = [a_lead() for _ in range(3)]
    job, score = started(), jobs.score_in_bulk

    def broken(*, org_id: str, leads: Any) -> Any:
        if leads.filter(pk=poison[0].pk).exists():
            raise ZeroDivisionError
        return score(org_id=org_id, leads=leads)

    monkeypatch.setattr(jobs, "score_in_bulk", broken)
    run_score_job(job)
    job.refresh_from_db()
    assert (job.status, job.scored, job.failed) == (JobStatus.FAILED, 3, 2)
    assert "ZeroDivisionError" in job.error
    assert "kept" in job.error
    assert PHRASES.knows(job.error)
    assert set(Prediction.objects.values_list("dossier", flat=True)) == {lead.pk for lead in others}


def test_a_chunk_that_ends_every_worker_is_tried_a_few_times_and_then_given_up(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCORE_CHUNK_SIZE = 1
    a_lead()
    job = started()
    assert plan(job) == 1
    attempts = 0

    def dies(**_: Any) -> Any:
        nonlocal attempts
        attempts += 1
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "score_in_bulk", dies)
    for _ in range(chunks.ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            score_chunk(str(job.pk))
        later(job)
    score_chunk(str(job.pk))
    job.refresh_from_db()
    assert attempts == chunks.ATTEMPTS
    assert (job.status, job.scored, job.failed) == (JobStatus.FAILED, 0, 1)
    assert f"{chunks.ATTEMPTS} attempts" in job.error
    assert PHRASES.knows(job.error)


def test_several_reasons_for_which_leads_were_not_scored_are_known(settings: Any) -> None:
    settings.SCORE_CHUNK_SIZE = 1
    for _ in range(3):
        a_lead()
    job = started()
    assert plan(job) == 3
    for chunk, error in zip(job.chunks.all(), ("ValueError", "KeyError"), strict=False):
        chunks.give_up(chunk, error, leads=1)
    job.chunks.filter(failed=None).update(attempts=chunks.ATTEMPTS)
    later(job)
    jobs.tell_progress(job)
    assert "away; KeyError; ValueError)" in job.error
    assert PHRASES.knows(job.error)


def test_a_chunk_that_met_a_server_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    a_lead()
    job = started()
    plan(job)

    def away(**_: Any) -> Any:
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "score_in_bulk", away)
        with pytest.raises(OperationalError):
            score_chunk(str(job.pk))
    later(job)
    score_chunk(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.scored, job.failed) == (JobStatus.SUCCEEDED, 1, 0)


@pytest.mark.parametrize("step", ["_score", "_make_current"])
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_lead_that_is_forgotten_while_its_chunk_is_scored_takes_no_other_with_it(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = [a_lead() for _ in range(3)]
    job, then = started(), getattr(bulk, step)

    def forget(number: int) -> None:
        forget_lead(org_id="default", number=number, by="tester", at=timezone.now())
        connection.close()

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(bulk, step, then)
        with ThreadPoolExecutor(1) as another:
            another.submit(forget, leads[1].number).result()
        return then(*arguments)

    monkeypatch.setattr(bulk, step, meanwhile)
    run_score_job(job)
    job.refresh_from_db()
    assert (job.status, job.total, job.scored, job.failed) == (JobStatus.SUCCEEDED, 2, 2, 0)
    assert set(Prediction.objects.values_list("dossier", flat=True)) == {leads[0].pk, leads[2].pk}


def test_a_chunk_that_the_database_refuses_each_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    a_lead()
    job, attempts = started(), 0

    def refused(**_: Any) -> Any:
        nonlocal attempts
        attempts += 1
        raise IntegrityError

    monkeypatch.setattr(jobs, "score_in_bulk", refused)
    run_score_job(job)
    job.refresh_from_db()
    assert attempts == chunks.ATTEMPTS
    assert (job.status, job.failed) == (JobStatus.FAILED, 1)
    assert "IntegrityError" in job.error


def test_a_chunk_that_another_worker_has_just_taken_is_left_to_it() -> None:
    a_lead()
    job = started()
    plan(job)
    assert chunks.take(job) is not None
    assert chunks.take(job) is None
    assert retire_dead_jobs() == 0


def test_a_job_that_no_worker_has_heard_of_is_queued_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda task, ids: sent.append((task, ids)))
    job = started()
    retire_dead_jobs()
    assert sent == []
    ScoreJob.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    retire_dead_jobs()
    retire_dead_jobs()
    assert sent == [(jobs.SCORE_TASK, [str(job.pk)])]
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_after_the_clock_was_set_back_a_dead_job_is_found_all_the_same() -> None:
    job = started()
    job.claim()
    ScoreJob.objects.update(heartbeat_at=timezone.now() + timedelta(hours=1))
    assert retire_dead_jobs() == 1


def later(job: ScoreJob) -> None:
    """So long after the last attempt that nobody can be about to lock the chunk."""
    job.chunks.update(tried_at=timezone.now() - 2 * chunks.HEADSTART)


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
    later(job)
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


@pytest.mark.parametrize(("given_up", "status"), [(0, JobStatus.SUCCEEDED), (1, JobStatus.FAILED)])
def test_a_job_whose_last_worker_died_after_its_last_chunk_ends_as_its_chunks_did(
    settings: Any, given_up: int, status: JobStatus
) -> None:
    settings.SCORE_CHUNK_SIZE = 1
    for _ in range(2):
        a_lead()
    job = started()
    plan(job)
    for chunk in job.chunks.all()[:given_up]:
        chunks.give_up(chunk, "ZeroDivisionError", leads=1)
    while score_next_chunk(job):
        pass
    ScoreJob.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert retire_dead_jobs() == 0
    job.refresh_from_db()
    assert (job.status, job.scored, job.failed) == (status, 2 - given_up, given_up)
    assert "start it again" not in job.error


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


@pytest.mark.parametrize("observed_until", [None, MONDAY + DAY])
def test_what_is_told_late_of_a_lead_is_a_change_and_what_is_told_again_is_none(
    observed_until: datetime | None,
) -> None:
    Organisation.objects.create(org_id="default", observed_until=observed_until)
    told = {number: a_record(number) for number in (1, 2, 3, 4)}
    tell(*told.values())
    event = EventRecord(1, "message", MONDAY, "INBOUND", external_id="x")
    happen(event)
    run_score_job(started())
    happen(event, EventRecord(2, "message", MONDAY, "INBOUND", external_id="y"), EventRecord(3, "viewing", MONDAY))
    tell(replace(told[4], source="referral"))
    job = started(changed_only=True)
    run_score_job(job)
    assert job.scored == 3
    assert Prediction.objects.filter(dossier__number=1).count() == 1


def test_what_lies_ahead_changes_a_lead_when_it_is_told_and_not_every_night_until_then() -> None:
    tell(a_record(1))
    run_score_job(started())
    happen(EventRecord(1, "appointment", timezone.now() + 9 * DAY))
    for scored in (1, 0):
        job = started(changed_only=True)
        run_score_job(job)
        assert job.scored == scored


def test_what_the_last_worker_counted_stands_also_where_another_tells_of_less(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCORE_CHUNK_SIZE = 1
    for _ in range(2):
        a_lead()
    job, report = started(), ScoreJob.report
    plan(job)
    score_next_chunk(job)

    def slowly(self: ScoreJob, *told: Any) -> None:
        monkeypatch.undo()
        report(self, *told)
        assert work_on(ScoreJob.objects.get(pk=job.pk))

    monkeypatch.setattr(ScoreJob, "report", slowly)
    jobs.tell_progress(job)
    job.refresh_from_db()
    assert (job.status, job.scored) == (JobStatus.SUCCEEDED, 2)


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
    both = [("default", "schedule"), ("other", "schedule")]
    assert sorted(ScoreJob.objects.values_list("org_id", "started_by")) == both
    run_score_job(ScoreJob.objects.get(org_id="other"))
    score_all_leads()  # the other one's leads are still being scored
    assert sorted(ScoreJob.objects.values_list("org_id", "started_by")) == [*both, ("other", "schedule")]


def test_an_organisation_that_cannot_be_scored_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for org_id in ("a", "b"):
        a_lead(org_id=org_id)
    chosen = jobs.leads_for

    def amiss(org_id: str, criteria: Any) -> Any:
        if org_id == "a":
            raise ZeroDivisionError
        return chosen(org_id, criteria)

    monkeypatch.setattr(jobs, "leads_for", amiss)
    with pytest.raises(SomeFailed, match="a"):
        score_all_leads()
    assert ScoreJob.objects.get().org_id == "b"


def test_nights_that_a_worker_was_away_are_made_up_for_once() -> None:
    a_lead()
    start_score_job(org_id="default", by="tester", criteria={"status": "NEW"})  # leaves leads out
    for _ in range(3):
        score_all_leads()
    assert ScoreJob.objects.filter(started_by="schedule").count() == 1


def test_the_command_scores_here_and_now(capsys: Any) -> None:
    a_lead()
    call_command("score_leads")
    assert "1 leads scored, 0 failed." in capsys.readouterr().out
    with pytest.raises(CommandError, match=r'Nothing is kept of "defualt"\. There is: default\.'):
        call_command("score_leads", "--org", "defualt")
