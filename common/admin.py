"""What the admins of all rooms have in common: rows of one's own organisation, and tables that are only read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from common.bounded import MOST, BoundedPaginator
from common.filters import Within
from common.models import AuditEntry, Membership, ServiceToken
from common.scopes import SCOPES, scopes_of
from common.service_tokens import LONGEST_DAYS, LONGEST_NAME, issue, revoke
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

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50


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


class NewToken(forms.Form):
    """What a new token is to be. Nobody gives a scope that is not their own."""

    name = forms.CharField(max_length=LONGEST_NAME, help_text="Which system calls with it.")
    days = forms.FloatField(min_value=0.01, max_value=LONGEST_DAYS, initial=90, help_text="How long it is valid.")
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any, *, own: frozenset[str]) -> None:
        super().__init__(data)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(each, each) for each in SCOPES if each in own]


@admin.register(ServiceToken)
class ServiceTokenAdmin(OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Tokens of programs: made here, shown once, revoked at once."""

    list_display = ("name", "state", "scopes", "expires_at", "last_used_at", "created_by", "created_at")
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


class MembershipInline(admin.StackedInline):  # type: ignore[type-arg]
    """The organisation that a person works for, on the person's page."""

    model = Membership
    can_delete = False


admin.site.unregister(User)
admin.site.unregister(TOTPDevice)  # it shows the secrets; `manage.py enrol_totp` shows one once


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """A person, with the organisation."""

    inlines = (MembershipInline,)
