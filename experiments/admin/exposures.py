"""Who was in which experiment, for staff to read."""

from __future__ import annotations

from django.contrib import admin

from common.admin import OwnOrganisationAdmin, ReadOnlyAdmin
from common.bounded import BoundedPaginator
from experiments.models import Exposure


@admin.register(Exposure)
class ExposureAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Which lead got which method, from when on."""

    list_display = ("dossier", "experiment", "variant", "first_at", "predictions")
    list_filter = ("experiment",)
    list_select_related = ("dossier", "experiment")
    ordering = ("-id",)
    paginator = BoundedPaginator
    show_full_result_count = False
