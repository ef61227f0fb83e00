"""Experiments and who was in them, for staff to read."""

from __future__ import annotations

from django.contrib import admin

from common.admin import OwnOrganisationAdmin, ReadOnlyAdmin
from common.bounded import BoundedPaginator
from experiments.models import Experiment, Exposure


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """What is compared, and when it ran."""

    list_display = ("name", "status", "control_method", "treatment_method", "traffic_split", "started_at", "stopped_at")
    list_filter = ("status",)
    ordering = ("-created_at",)


@admin.register(Exposure)
class ExposureAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Which lead got which method, from when on."""

    list_display = ("dossier", "experiment", "variant", "first_at", "predictions")
    list_filter = ("experiment",)
    list_select_related = ("dossier", "experiment")
    ordering = ("-id",)
    paginator = BoundedPaginator
    show_full_result_count = False
