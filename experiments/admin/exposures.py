"""Who was in which experiment, for staff to read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import LongTable, OwnOrganisationAdmin, ReadOnlyAdmin
from common.tenancy import org_of
from experiments.models import Experiment, Exposure
from leads.admin.dossiers import also_show, told
from leads.admin.finding import FoundByLead

MOST_EXPERIMENTS = 50


class ByExperiment(admin.SimpleListFilter):
    """By the index on the experiment; its choices come from the organisation's experiments, not from exposures."""

    title = "experiment"
    parameter_name = "experiment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The newest experiments."""
        rows = Experiment.objects.of(org_of(request.user, session=request.session)).order_by("-created_at")
        return [(str(key), name) for key, name in rows.values_list("pk", "name")[:MOST_EXPERIMENTS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Exposure]) -> QuerySet[Exposure]:
        """The leads of the experiment, the latest to come in first: the order of the same index."""
        chosen = self.value()
        if chosen is None or chosen not in {key for key, _ in self.lookup_choices}:
            return queryset
        return queryset.filter(experiment_id=int(chosen)).order_by("-first_at")


@admin.register(Exposure)
class ExposureAdmin(FoundByLead, LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Which lead got which method, from when on."""

    list_display = ("dossier", "experiment", "variant", "first_at", "predictions")
    list_filter = (ByExperiment,)
    list_select_related = ("dossier", "experiment")
    ordering = ("-id",)
    sortable_by = ()


also_show(told(Exposure, "experiment", "variant", "first_at", "predictions", by="first_at"))
