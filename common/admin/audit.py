"""Audit rows for staff: who did what, when and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin.rows import LongTable, OwnOrganisationAdmin, ReadOnlyAdmin
from common.bounded import MOST
from common.filters import Within
from common.models import AuditEntry
from common.tenancy import org_of


class DoneWithin(Within):
    """By the index on the time."""

    title = "within the last"
    column = "at"


class ByAct(admin.SimpleListFilter):
    """By the index on the act; the acts to choose from are those of the newest rows, so that no list reads millions."""

    title = parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The acts, in their order."""
        newest = AuditEntry.objects.of(org_of(request.user, session=request.session)).order_by("-number")[:MOST]
        acts = AuditEntry.objects.filter(pk__in=newest.values("pk")).order_by("act").values_list("act", flat=True)
        return [(act, act) for act in acts.distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The rows of the act."""
        act = self.value()
        return queryset.filter(act=act) if (act, act) in self.lookup_choices else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Who did what, when and why: to read."""

    list_display = ("at", "act", "subject", "by", "before", "after", "reason")
    list_filter = (DoneWithin, ByAct)
    search_fields = ("subject__exact",)
    search_help_text = "The whole subject: a version, a lead's number, an experiment's, a token's"
    ordering = ("-at",)
    sortable_by = ("at",)  # what an index sorts
