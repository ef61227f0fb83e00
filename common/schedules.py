"""Schedules that migrations make once; afterwards they are staff's to edit in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def schedule(name: str, task: str, cron: str, *, enabled: bool = True) -> Callable[[Any, Any], None]:
    """What a migration runs to make a periodic task, by a cron line in UTC. One that is there already is left alone."""

    def make(apps: Any, schema_editor: Any) -> None:
        minute, hour, day_of_month, month_of_year, day_of_week = cron.split()
        times, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(
            minute=minute,
            hour=hour,
            day_of_month=day_of_month,
            month_of_year=month_of_year,
            day_of_week=day_of_week,
            timezone="UTC",
        )
        apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
            name=name, defaults={"task": task, "crontab": times, "enabled": enabled}
        )

    return make
