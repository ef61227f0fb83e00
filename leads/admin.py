"""What staff see of leads: everything of one lead in one place, to read; the organisation's definitions, to edit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from common import audit
from common.admin import OwnOrganisationAdmin, ReadOnlyAdmin
from common.tenancy import org_of
from leads.models import (
    Appointment, Dossier, Event, ImportJob, LeadAttribute, LeadChange, LeadScore, LeadStatusChange, Message, Organisation,
    Outcome, Property,
)
from leads.outcomes import rederive


class Told(ReadOnlyAdmin, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of a lead, to read."""

    extra = 0
    can_delete = False


def told(table: type[Model], *fields: str) -> type[Told]:
    """An inline that shows these fields of a table."""
    return type(f"{table.__name__}Inline", (Told,), {"model": table, "fields": fields, "readonly_fields": fields})


@admin.register(Dossier)
class DossierAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """A lead, whole. It is changed by the CRM, over the API or an import, so that its history is kept."""

    list_display = ("number", "status", "source", "region", "owner", "created_at", "probability")
    list_filter = ("status", "source")
    list_select_related = ("score",)
    search_fields = ("=number",)
    search_help_text = "The lead's number"
    ordering = ("-created_at",)
    show_full_result_count = False
    list_per_page = 50
    inlines = (
        told(Property, "price", "has_photos", "city", "known_from"),
        told(LeadScore, "probability", "confidence", "action", "method", "model_version", "scored_at"),
        told(Outcome, "converted", "occurred_at", "revenue", "origin", "recorded_by", "recorded_at", "superseded_at"),
        told(LeadStatusChange, "from_status", "to_status", "changed_at", "is_exact"),
        told(Message, "direction", "occurred_at", "recorded_at", "external_id"),
        told(Appointment, "occurred_at", "scheduled_for", "recorded_at", "external_id"),
        told(Event, "kind", "direction", "occurred_at", "recorded_at", "is_outcome_echo"),
        told(LeadAttribute, "name", "value", "known_from", "availability"),
        told(LeadChange, "field", "old_value", "changed_at"),
    )

    @admin.display(description="Probability", ordering="score__probability")
    def probability(self, lead: Dossier) -> str:
        """The current score; a dash where there is none."""
        score = getattr(lead, "score", None)
        return "–" if score is None or score.probability is None else f"{score.probability:.0%}"


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the organisation means by a conversion. Changed words settle the outcomes anew."""

    list_display = ("org_id", "name", "time_zone", "horizon_days", "observed_until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        """One's own; all of them for a superuser."""
        rows = super().get_queryset(request)
        return rows if getattr(request.user, "is_superuser", False) else rows.filter(pk=org_of(request.user))

    def get_readonly_fields(self, request: HttpRequest, obj: Organisation | None = None) -> tuple[str, ...]:
        """An organisation keeps its key; who is no superuser makes only the own one."""
        return ("org_id",) if obj is not None or not getattr(request.user, "is_superuser", False) else ()

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """Saves, settles the outcomes that follow from statuses, and leaves a row that says so."""
        if not change and not getattr(request.user, "is_superuser", False):
            obj.org_id = org_of(request.user)
        super().save_model(request, obj, form, change)
        by = request.user.get_username()
        settled = rederive(obj.org_id, by=by) if {"won_statuses", "lost_statuses"} & set(form.changed_data) else 0
        audit.record(
            org_id=obj.org_id, act="organisation.change", by=by, at=timezone.now(), subject=obj.org_id,
            evidence={"changed": form.changed_data, "outcomes_settled": settled},
        )


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Imports, to read: how far they are, and what they could not take."""

    list_display = ("filename", "content", "status", "progress", "rows", "accepted", "rejected", "started_by", "created_at")
    list_filter = ("status", "content")
    ordering = ("-created_at",)
    show_full_result_count = False
