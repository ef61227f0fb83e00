"""What became of leads, to read: recorded on a lead's page, over the API, or by an import."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import LongTable, OwnOrganisationAdmin, ReadOnlyAdmin
from leads.admin.finding import FoundByLead, WithinPresent
from leads.models import Outcome

CURRENT, CORRECTED = "current", "corrected"


class OccurredWithin(WithinPresent):
    """By the index on the time."""

    title = "decided within the last"
    column = "occurred_at"


class ByStanding(admin.SimpleListFilter):
    """What holds now, or what was corrected since."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The two."""
        return [(CURRENT, "holds now"), (CORRECTED, "corrected since")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Outcome]) -> QuerySet[Outcome]:
        """The rows that stand so."""
        chosen = self.value()
        if chosen not in (CURRENT, CORRECTED):
            return queryset
        return queryset.filter(superseded_at__isnull=chosen == CURRENT)


@admin.register(Outcome)
class OutcomeAdmin(FoundByLead, LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Never edited: a correction is a new row, and the old one says until when it held."""

    list_display = ("occurred_at", "dossier", "converted", "revenue", "origin", "recorded_by", "recorded_at", "holds")
    list_filter = (OccurredWithin, ByStanding, "converted", "origin")
    list_select_related = ("dossier",)
    ordering = ("-occurred_at",)
    sortable_by = ("occurred_at",)  # what an index sorts

    @admin.display(description="holds now", boolean=True)
    def holds(self, row: Outcome) -> bool:
        """Whether nothing has corrected it."""
        return row.superseded_at is None
