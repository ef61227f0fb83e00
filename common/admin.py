"""What the admins of all rooms have in common: rows of one's own organisation, and tables that are only read."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

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
