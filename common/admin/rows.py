"""Rows of one's own organisation, tables that are only read, and tables of millions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.bounded import BoundedPaginator
from common.tenancy import org_of


class OwnOrganisationAdmin:
    """A mixin before ModelAdmin: shows the rows of the person's organisation, and gives new rows to it."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The organisation's own rows."""
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return rows.filter(org_id=org_of(request.user, session=request.session))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new row belongs to the person's organisation."""
        if not change:
            obj.org_id = org_of(request.user, session=request.session)
        super().save_model(request, obj, form, change)  # type: ignore[misc]


class ReadOnlyAdmin:
    """A mixin before ModelAdmin: nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class LongTable:
    """A mixin before ModelAdmin, for tables of millions: nothing is counted whole, neither the rows nor a filter's."""

    paginator: Any = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
