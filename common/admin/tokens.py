"""Tokens of programs: made here, shown once, revoked at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from common.admin.rows import OwnOrganisationAdmin
from common.models import ServiceToken
from common.scopes import SCOPES, scopes_of
from common.service_tokens import LONGEST_DAYS, LONGEST_NAME, issue, revoke
from common.tenancy import org_of


class NewToken(forms.Form):
    """What a new token is to be. Nobody gives a scope that is not their own."""

    name = forms.CharField(max_length=LONGEST_NAME, help_text="Which system calls with it.")
    days = forms.FloatField(min_value=0.01, max_value=LONGEST_DAYS, initial=90, help_text="How long it is valid.")
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any, *, own: frozenset[str]) -> None:
        super().__init__(data)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(each, each) for each in SCOPES if each in own]


class ByState(admin.SimpleListFilter):
    """Whether a token opens a door."""

    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The states."""
        return [(state, state) for state in ("valid", "expired", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ServiceToken]) -> QuerySet[ServiceToken]:
        """The tokens in the state."""
        now = timezone.now()
        rows = {
            "valid": Q(revoked_at__isnull=True, expires_at__gt=now),
            "expired": Q(revoked_at__isnull=True, expires_at__lte=now),
            "revoked": Q(revoked_at__isnull=False),
        }
        return queryset.filter(rows[self.value() or ""]) if self.value() in rows else queryset


@admin.register(ServiceToken)
class ServiceTokenAdmin(OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Tokens of programs: made here, shown once, revoked at once."""

    list_display = ("name", "state", "scopes", "expires_at", "last_used_at", "created_by", "created_at")
    list_filter = (ByState,)
    search_fields = ("name",)
    ordering = ("-created_at",)
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: what a token says is signed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a revoked token stays in the list."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Those who may make them."""
        return self.has_add_permission(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Asks what the token is to be (GET); makes it and shows it, this once (POST)."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        person: Any = request.user
        form = NewToken(request.POST or None, own=scopes_of(person))
        context = self.admin_site.each_context(request) | {"opts": self.opts, "title": "New token", "form": form}
        if form.is_valid():
            org_id, by = org_of(person, session=request.session), person.get_username()
            context["issued"] = issue(**form.cleaned_data, org_id=org_id, by=by)
        page = TemplateResponse(request, "admin/common/servicetoken/issue.html", context)
        page["Cache-Control"] = "no-store"
        return page

    @admin.display(description="state")
    def state(self, row: ServiceToken) -> str:
        """Whether it opens a door."""
        return row.state(at=timezone.now())

    @admin.action(description="Revoke the chosen tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet[ServiceToken]) -> None:
        """From now on they open no door."""
        count = sum(revoke(row, by=request.user.get_username()) for row in rows)
        messages.success(request, f"{count} revoked.")
