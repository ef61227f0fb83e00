"""Rows that lie in the future, as after the clock was set back, stop nothing."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from celery import current_app
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from common import audit
from common.jobs import JobStatus
from common.schedule_words import next_run_of
from leadqual.beat import Schedules
from leadqual.service_metrics import Beat
from leads.tests.cast import a_lead, a_past
from models_registry.models import ModelActivation, ModelVersion, TrainingRun
from models_registry.tests.cast import a_run, a_version
from predictions.jobs import run_score_job, start_score_job
from predictions.models import Prediction
from tests.cast import Caller

pytestmark = pytest.mark.django_db
AHEAD = timedelta(hours=1)


@pytest.mark.slow
def test_what_was_done_before_the_clock_was_set_back_does_not_stop_what_is_done_after() -> None:
    a_past()
    lead, crm = a_lead(), Caller()
    before = timezone.now()
    with patch("django.utils.timezone.now", lambda: before + AHEAD):
        first = a_version(algorithm="logistic_regression")
        run_score_job(start_score_job(org_id="default", by="tester", criteria={}))
        assert crm.post(f"/api/ml/predict/{lead.number}", **{"Idempotency-Key": "ahead"}).status_code == 200
    assert first.created_at > timezone.now()
    assert crm.post(f"/api/ml/predict/{lead.number}").status_code == 200
    assert crm.post(f"/api/ml/predict/{lead.number}", **{"Idempotency-Key": "ahead"}).status_code == 200
    assert crm.post(f"/api/ml/predict/{lead.number}/outcome", {"converted": True}).status_code == 200
    assert a_run(algorithm="logistic_regression").status == JobStatus.SUCCEEDED
    names = list(ModelVersion.objects.values_list("version", flat=True))
    assert len(set(names)) == 2
    for version in names:
        assert crm.post(f"/api/ml/model/rollback/{version}").status_code == 200
    ledger = list(ModelActivation.objects.of("default").order_by("number").values_list("at", flat=True))
    assert ledger == sorted(ledger)
    assert audit.verify("default").broken is None
    run_score_job(start_score_job(org_id="default", by="tester", criteria={}))
    assert Prediction.objects.filter(dossier=lead).count() == 3


@pytest.mark.django_db(transaction=True, serialized_rollback=True)  # beat leaves its line to PostgreSQL itself
@pytest.mark.parametrize("ahead", [AHEAD, timedelta(days=400)])
def test_no_schedule_waits_for_the_future_in_which_it_ran_last(ahead: timedelta) -> None:
    now = timezone.now()
    often = PeriodicTask.objects.get(task="models_registry.tasks.retire_dead_runs")
    hour = CrontabSchedule.objects.create(minute=f"{now.minute}", hour=f"{now.hour}", timezone="UTC")
    nightly = PeriodicTask.objects.create(name="nightly", task="nightly", crontab=hour)
    PeriodicTask.objects.update(last_run_at=now + ahead)
    schedules = Schedules(current_app)
    assert {each.name for each in schedules.schedule.values() if each.is_due().is_due} >= {often.name, nightly.name}
    nightly.refresh_from_db()
    next_run = next_run_of(nightly)
    assert next_run is not None
    assert next_run <= now + timedelta(days=1, minutes=1)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)  # beat leaves its line to PostgreSQL itself
def test_a_beat_that_lives_on_reads_the_schedules_anew() -> None:
    schedules = Schedules(current_app)
    read = schedules.schedule
    assert schedules.schedule is read
    schedules._last_full_sync += AHEAD
    assert schedules.schedule is not read


def test_what_beat_did_in_the_future_is_no_sign_that_it_lives() -> None:
    now, silent = timezone.now(), timezone.now() - timedelta(hours=2)
    PeriodicTask.objects.update(last_run_at=now + AHEAD)
    PeriodicTask.objects.filter(task="predictions.tasks.measure_quality").update(last_run_at=silent)
    ((sample,),) = (family.samples for family in Beat().collect())
    assert sample.value == silent.timestamp()


def test_a_run_that_was_begun_in_what_is_now_the_future_does_not_block_training() -> None:
    a_past()
    before = timezone.now()
    with patch("django.utils.timezone.now", lambda: before + AHEAD):
        TrainingRun.objects.create(
            org_id="default", status=JobStatus.RUNNING, heartbeat_at=before + AHEAD, since=before, as_of=before
        )
    assert a_run(algorithm="logistic_regression").status == JobStatus.SUCCEEDED
