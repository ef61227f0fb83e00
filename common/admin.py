"""What the admins of all rooms have in common: rows of one's own organisation, and tables that are only read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from common.bounded import BoundedPaginator
from common.models import AuditEntry, Membership
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


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Who did what, when and why: to read."""

    list_display = ("at", "act", "subject", "by", "before", "after", "reason")
    list_filter = ("act",)
    search_fields = ("subject", "by")
    ordering = ("-at",)
    paginator = BoundedPaginator
    show_full_result_count = False


class MembershipInline(admin.StackedInline):  # type: ignore[type-arg]
    """The organisation that a person works for, on the person's page."""

    model = Membership
    can_delete = False


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """A person, with the organisation."""

    inlines = (MembershipInline,)
