"""The policy for staff: when training starts by itself, and the alarms that may start it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common.admin import LongTable, OwnOrganisationAdmin, ReadOnlyAdmin
from common.schedule_words import schedule_of, words_of
from common.tenancy import org_of
from models_registry.models import Alarm, ModelActivation, Policy
from models_registry.policy import set_policy
from models_registry.policy_words import sentences
from models_registry.triggers import facts_of

TRAINING = "models_registry.tasks.train_scheduled"


@admin.register(Policy)
class PolicyAdmin(OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """One row an organisation; without it, the schedule alone trains."""

    list_display = ("org_id", "in_words")
    readonly_fields = ("in_words",)
    fields = ("in_words", "schedule", "new_outcomes", "on_drift", "on_calibration", "hours_between", "behaviour_check")

    def get_fields(self, request: HttpRequest, obj: Policy | None = None) -> tuple[str, ...]:
        """Of a new one nothing is said yet: an unsaved row is of `default`, whose figures others must not see."""
        return self.fields if obj is not None else tuple(name for name in self.fields if name != "in_words")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Where there is none yet."""
        has_none = not Policy.objects.filter(pk=org_of(request.user, session=request.session)).exists()
        return has_none and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is changed, not deleted."""
        return False

    @admin.display(description="training starts")
    def in_words(self, policy: Policy) -> SafeString:
        """What the fields below say together, and how near each is."""
        row = schedule_of(TRAINING)
        facts = facts_of(policy.org_id, at=timezone.now())
        told = sentences(policy, facts, schedule=words_of(row) if row else "no schedule is set up")
        return format_html(
            '<ul class="plainly">{}</ul>', format_html_join("", "<li>{}</li>", ((each,) for each in told))
        )

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """By the act, with its audit row."""
        if not change:
            obj.org_id = org_of(request.user, session=request.session)
        set_policy(policy=obj, by=request.user.get_username(), at=timezone.now())


@admin.register(Alarm)
class AlarmAdmin(LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """What was noticed, which training answered it, and whether it waits for an answer."""

    list_display = ("raised_at", "kind", "model_version", "words", "answered_by", "ended_at", "waits")
    list_filter = ("kind",)
    list_select_related = ("answered_by",)
    ordering = ("-raised_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alarm]:
        """With whether each waits: a calibration, or another active version, answers it without a mark on its row."""
        waiting = Alarm.objects.unanswered().filter(pk=OuterRef("pk"))
        alarms: QuerySet[Alarm] = super().get_queryset(request)
        return alarms.annotate(waits=Exists(waiting))

    @admin.display(boolean=True)
    def waits(self, row: Any) -> bool:
        """For training, or where the calibration was lost for another calibration."""
        return bool(row.waits)


@admin.register(ModelActivation)
class ModelActivationAdmin(LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The ledger, to read."""

    list_display = ("at", "number", "act", "version", "by", "reason")
    list_filter = ("act",)
    ordering = ("-number",)
