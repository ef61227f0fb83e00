"""What the migrations schedule, and that it does what its name says."""

from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django_celery_beat.models import PeriodicTask

from common.schedules import schedule
from leads.tests.cast import a_lead, a_past
from models_registry.models import TrainingRun, Trigger
from models_registry.tasks import train_scheduled

pytestmark = pytest.mark.django_db


def test_training_is_scheduled_for_the_first_of_the_month() -> None:
    task = PeriodicTask.objects.get(name="Train models")
    assert task.enabled
    assert (task.crontab.minute, task.crontab.hour, task.crontab.day_of_month) == ("0", "2", "1")


def test_every_scheduled_task_exists() -> None:
    current_app.loader.import_default_modules()
    ours = PeriodicTask.objects.exclude(task__startswith="celery.")
    assert set(ours.values_list("name", flat=True)) == {
        "Train models",
        "Train where triggered",
        "Recalibrate where due",
        "Archive old versions",
        "Retire dead training runs",
        "Score open leads",
        "Retire dead score jobs",
        "Measure whether models keep their word",
        "Retire dead imports",
        "Follow the CRM's own statuses",
        "Forget old idempotency keys",
        "Forget leads past their time",
        "Keep the months of predictions",
        "Watch experiments",
    }
    assert [each.task for each in ours if each.task not in current_app.tasks] == []


def test_what_staff_have_edited_is_left_alone() -> None:
    PeriodicTask.objects.filter(name="Train models").update(enabled=False)
    schedule("Train models", "models_registry.tasks.train_scheduled", "5 5 5 5 5")(apps, None)
    assert not PeriodicTask.objects.get(name="Train models").enabled


def test_the_schedule_trains_who_has_enough_to_learn_from(django_capture_on_commit_callbacks: Any) -> None:
    a_past(org_id="rich")
    a_lead(org_id="poor")
    train_scheduled()
    run = TrainingRun.objects.get()
    assert (run.org_id, run.trigger, run.started_by) == ("rich", Trigger.SCHEDULE, "schedule")
    train_scheduled()
    assert TrainingRun.objects.count() == 1
