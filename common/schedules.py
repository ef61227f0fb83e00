"""Schedules that migrations make once; afterwards they are staff's to edit in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def _fields(cron: str) -> dict[str, str]:
    return dict(zip(FIELDS, cron.split(), strict=True)) | {"timezone": "UTC"}


def schedule(name: str, task: str, cron: str, *, enabled: bool = True) -> Callable[[Any, Any], None]:
    """What a migration runs to make a periodic task, by a cron line in UTC. One that is there already is left alone."""

    def make(apps: Any, schema_editor: Any) -> None:
        times, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(**_fields(cron))
        apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
            name=name, defaults={"task": task, "crontab": times, "enabled": enabled}
        )

    return make


def moved(name: str, before: str, cron: str) -> Callable[[Any, Any], None]:
    """What a migration runs to move a task from one cron line in UTC to another; staff's own times are kept."""

    def change(apps: Any, schema_editor: Any) -> None:
        times, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(**_fields(cron))
        as_made = {f"crontab__{field}": value for field, value in _fields(before).items()}
        apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=name, **as_made).update(crontab=times)

    return change


def oftener(name: str, seconds: int) -> Callable[[Any, Any], None]:
    """What a migration runs to have a task that came each minute come each few seconds; staff's own times are kept.

    What no worker has taken within the minute is dropped: the next one does the same.
    """

    def change(apps: Any, schema_editor: Any) -> None:
        interval, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(
            every=seconds, period="seconds"
        )
        each_minute = {"crontab__minute": "*", "crontab__hour": "*", "interval": None}
        apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=name, **each_minute).update(
            crontab=None, interval=interval, expire_seconds=60
        )

    return change
