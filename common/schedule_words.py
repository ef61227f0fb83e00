"""When a scheduled task runs, in plain words."""

from __future__ import annotations

from datetime import datetime, timedelta

from cron_descriptor import (
    ExpressionDescriptor,
    FormatException,
    MissingFieldException,
    Options,
    WrongArgumentException,
)
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

HALF_A_SECOND = timedelta(seconds=0.5)


def words_of(task: PeriodicTask) -> str:
    """ "At 02:00, on day 1 of the month (UTC)", or that it is switched off."""
    if not task.enabled:
        return "Switched off"
    return cron_words(task.crontab) if task.crontab else str(task.scheduler).capitalize()


def cron_words(times: CrontabSchedule) -> str:
    """The same of a cron line alone; the line itself where it cannot be put into words."""
    line = f"{times.minute} {times.hour} {times.day_of_month} {times.month_of_year} {times.day_of_week}"
    options = Options()
    options.use_24hour_time_format = True
    try:
        words = ExpressionDescriptor(line, options).get_description()
    except (FormatException, MissingFieldException, WrongArgumentException):
        return f"{line} ({times.timezone})"
    return f"{words} ({times.timezone})"


def next_run_of(task: PeriodicTask) -> datetime | None:
    """When it runs next; None where it is switched off. It has not run in the future: the clock was set back."""
    if not task.enabled:
        return None
    at = timezone.now()  # Celery counts what remains from the present, so nothing else may be asked
    due = at + task.schedule.remaining_estimate(min(task.last_run_at or at, at))
    next_run: datetime = max(at, (due + HALF_A_SECOND).replace(microsecond=0))
    return next_run


def schedule_of(name: str) -> PeriodicTask | None:
    """The first schedule of the task that Celery calls `name`."""
    return PeriodicTask.objects.filter(task=name).select_related("crontab", "interval").order_by("pk").first()
