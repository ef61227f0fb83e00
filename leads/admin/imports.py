"""Imports, to read."""

from __future__ import annotations

from django.contrib import admin

from common.admin import LongTable, OwnOrganisationAdmin, ReadOnlyAdmin
from leads.models import ImportJob


@admin.register(ImportJob)
class ImportJobAdmin(LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Imports, to read: how far they are, and what they could not take."""

    list_display = (
        "filename",
        "content",
        "status",
        "percent",
        "rows",
        "accepted",
        "rejected",
        "started_by",
        "created_at",
    )
    list_filter = ("status", "content")
    ordering = ("-created_at",)

    @admin.display(description="progress")
    def percent(self, job: ImportJob) -> str:
        """How far it is."""
        return f"{job.progress:.0%}"
