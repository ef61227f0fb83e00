"""The times that schedules are set to: chosen or added, and never changed, as several schedules share one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django_celery_beat import admin as beat
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule

from common import audit
from common.admin.moments import NAMED_MOMENTS
from common.admin.schedules import ForAll
from common.tenancy import org_of

admin.site.unregister([ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule])


class ChosenOrAdded(ForAll):
    """A mixin before the package's ModelAdmin: another time for a schedule is another row."""

    formfield_overrides = NAMED_MOMENTS

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: it would move every schedule that has it, and none of them would say so."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the schedules that have it would go with it."""
        return False

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Adds it, and says so in a row."""
        super().save_model(request, obj, form, change)  # type: ignore[misc]
        audit.record(
            org_id=org_of(request.user, session=request.session),
            act="schedule.add_time",
            subject=str(obj)[:128],
            by=request.user.get_username(),
            at=timezone.now(),
        )


@admin.register(CrontabSchedule)
class CrontabAdmin(ChosenOrAdded, beat.CrontabScheduleAdmin):  # type: ignore[misc]
    """By the clock and the calendar."""


@admin.register(IntervalSchedule)
class IntervalAdmin(ChosenOrAdded, beat.IntervalScheduleAdmin):  # type: ignore[misc]
    """Every so often."""


@admin.register(SolarSchedule)
class SolarAdmin(ChosenOrAdded, beat.SolarScheduleAdmin):  # type: ignore[misc]
    """By the sun."""


@admin.register(ClockedSchedule)
class ClockedAdmin(ChosenOrAdded, beat.ClockedScheduleAdmin):  # type: ignore[misc]
    """Once, at a moment."""
