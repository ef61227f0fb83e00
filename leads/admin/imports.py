"""Imports, to read."""

from __future__ import annotations

from django.contrib import admin

from common.admin import OwnOrganisationAdmin, ReadOnlyAdmin
from common.bounded import BoundedPaginator
from leads.models import ImportJob


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Imports, to read: how far they are, and what they could not take."""

    list_display = (
        "filename",
        "content",
        "status",
        "progress",
        "rows",
        "accepted",
        "rejected",
        "started_by",
        "created_at",
    )
    list_filter = ("status", "content")
    ordering = ("-created_at",)
    paginator = BoundedPaginator
    show_full_result_count = False
