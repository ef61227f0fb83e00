"""Schedules for staff, in plain words; each change leaves an audit row."""

from __future__ import annotations

from functools import cache
from typing import Any

from celery import current_app
from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_value
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from common import audit
from common.admin.moments import NAMED_MOMENTS
from common.neighbours import has_neighbours
from common.schedule_words import next_run_of, words_of
from common.tenancy import org_of

admin.site.unregister(PeriodicTask)


def governs(request: HttpRequest) -> bool:
    """Whether the person decides for every organisation: a schedule's task does its work for all of them."""
    known: bool | None = getattr(request, "governs", None)  # a page asks for each of its buttons
    if known is None:
        person = request.user
        is_superuser = bool(getattr(person, "is_superuser", False))
        known = is_superuser or not has_neighbours(org_of(person, session=request.session))
        request.governs = known  # type: ignore[attr-defined]
    return known


class ForAll:
    """A mixin before ModelAdmin: rows that hold for every organisation are changed only by who `governs`."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """With the permission, and for all."""
        return super().has_add_permission(request, *args) and governs(request)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the permission, and for all."""
        return super().has_change_permission(request, obj) and governs(request)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the permission, and for all."""
        return super().has_delete_permission(request, obj) and governs(request)  # type: ignore[misc]


@admin.register(PeriodicTask)
class ScheduleAdmin(ForAll, PeriodicTaskAdmin):  # type: ignore[misc]
    """When the engine does what by itself, for every organisation of the installation."""

    change_list_template = "admin/djcelery/schedules.html"
    list_display = ("name", "enabled", "in_words", "next_run", "last_run_at", "what_it_does")
    list_filter = ("enabled",)
    date_hierarchy = None
    formfield_overrides = NAMED_MOMENTS
    ordering = ("name",)
    actions = ("enable_tasks", "disable_tasks", "run_tasks")
    readonly_fields = ("in_words", "next_run", "what_it_does", "last_run_at")
    fieldsets = (
        (None, {"fields": ("name", "enabled", "in_words", "next_run", "last_run_at", "what_it_does", "description")}),
        ("When", {"fields": ("crontab", "interval", "solar", "clocked", "start_time", "one_off")}),
        ("What", {"classes": ("collapse",), "fields": ("regtask", "task", "args", "kwargs")}),
        (
            "How",
            {
                "classes": ("collapse",),
                "fields": ("expires", "expire_seconds", "queue", "exchange", "routing_key", "priority", "headers"),
            },
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; it says so where others change it."""
        told = {"others_decide": not governs(request)}
        answer: HttpResponse = super().changelist_view(request, (extra_context or {}) | told)
        return answer

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One of them, likewise."""
        told = {"others_decide": not governs(request)}
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, (extra_context or {}) | told)
        return answer

    @admin.display(description="when")
    def in_words(self, task: PeriodicTask) -> str:
        """The schedule as a person would say it."""
        return words_of(task) if task.pk else "–"

    @admin.display(description="next")
    def next_run(self, task: PeriodicTask) -> str:
        """When it is due, on its page as in the list."""
        return str(display_for_value(next_run_of(task) if task.pk else None, "–"))

    @admin.display(description="what it does")
    def what_it_does(self, task: PeriodicTask) -> str:
        """The first sentence of what its author says of it."""
        return str(_sayings().get(task.task, task.task))

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: PeriodicTask, form: Any, change: bool) -> None:
        """Saves, and says in a row what it was and what it is."""
        before = PeriodicTask.objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        _record(request, obj, before=words_of(before) if before else "", evidence={"changed": form.changed_data})

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: PeriodicTask) -> None:
        """Deletes, and says so in a row."""
        _record(request, obj, act="schedule.delete", before=words_of(obj), after="")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """One by one, each with its row."""
        for task in queryset:
            self.delete_model(request, task)

    @admin.action(description="Switch on", permissions=["change"])
    def enable_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """They run again at their times."""
        messages.success(request, f"{_switched(request, queryset.filter(enabled=False), on=True)} switched on.")

    @admin.action(description="Switch off", permissions=["change"])
    def disable_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """They do not run until they are switched on."""
        messages.success(request, f"{_switched(request, queryset.filter(enabled=True), on=False)} switched off.")

    @admin.action(description="Run now", permissions=["change"])
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Once, beside their times; none of them where one names no task of ours."""
        super().run_tasks(request, queryset)
        if all(task.task in current_app.tasks for task in queryset):
            for task in queryset:
                _record(request, task, act="schedule.run", after="")


@cache
def _sayings() -> dict[str, str]:
    """The first sentence of each task that workers know."""
    current_app.loader.import_default_modules()
    return {name: (task.__doc__ or "").strip().partition("\n")[0] for name, task in current_app.tasks.items()}


@transaction.atomic
def _switched(request: HttpRequest, tasks: QuerySet[PeriodicTask], *, on: bool) -> int:
    for task in tasks:
        before = words_of(task)
        task.enabled = on
        task.save()  # tells the scheduler that something has changed
        _record(request, task, before=before)
    return len(tasks)


def _record(
    request: HttpRequest,
    task: PeriodicTask,
    *,
    act: str = "schedule.change",
    before: str = "",
    after: str | None = None,
    evidence: dict[str, Any] | None = None,
) -> None:
    audit.record(
        org_id=org_of(request.user, session=request.session),
        act=act,
        subject=task.name[:128],
        by=request.user.get_username(),
        at=timezone.now(),
        before=before[:128],
        after=(words_of(task) if after is None else after)[:128],
        evidence=evidence,
    )
