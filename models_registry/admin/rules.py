"""The rules for staff: weights edited in the list, with what a typical lead scores by them now."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.models import BaseModelFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from common.admin import OwnOrganisationAdmin
from common.tenancy import org_of
from leads.models import Organisation
from models_registry.example import typical_lead
from models_registry.learning.rules import DEFAULT_RULES
from models_registry.models import ScoringRule
from models_registry.rulebook import delete_rule, own_rules, save_rule

EXAMPLE = "admin/models_registry/scoringrule/_example.html"
LOST_RULES = (
    "A rule was deleted since you opened the list, so nothing was saved: look again, and change what is there now."
)


class WeightForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule in the list, where its fields have no label of their own to be read out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{self.instance.feature}: {field.label}"


def has_lost_rules(weights: BaseModelFormSet[ScoringRule, Any]) -> bool:
    """Whether a row that was sent is of a rule that the organisation has no longer, or never had."""
    return any(form.instance.pk is None for form in weights.initial_forms)


@admin.register(ScoringRule)
class ScoringRuleAdmin(OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The organisation's own table; without one, the default table is shown, and copied on the first edit."""

    list_display = ("feature", "low", "high", "points", "position")
    list_editable = ("low", "high", "points", "position")
    ordering = ("position", "id")
    fields = ("feature", "low", "high", "points", "position")
    list_per_page = 200
    change_list_template = "admin/models_registry/scoringrule/change_list.html"

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """The form of a row of the list."""
        return super().get_changelist_form(request, **{"form": WeightForm, **kwargs})

    def get_urls(self) -> list[URLPattern]:
        """Copying the default table, and trying weights, beside Django's own."""
        view = self.admin_site.admin_view
        return [
            path("copy/", view(self.copy), name="models_registry_scoringrule_copy"),
            path("example/", view(self.example), name="models_registry_scoringrule_example"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the live example, and the default table where the organisation has no own one.

        Where a rule has gone since the list was shown, its row could not be told from a new one: nothing is saved.
        """
        if "_save" in request.POST and self.has_change_permission(request) and has_lost_rules(self._weights(request)):
            messages.error(request, LOST_RULES)
            return redirect(request.get_full_path())
        org = Organisation.get(org_of(request.user, session=request.session))
        context = {
            "example": typical_lead(org),
            "default_rules": DEFAULT_RULES,
            "has_own": ScoringRule.objects.of(org.org_id).exists(),
            "may_change": self.has_change_permission(request),
        }
        return super().changelist_view(request, (extra_context or {}) | context)

    def example(self, request: HttpRequest) -> HttpResponse:
        """A fragment: what the weights as they stand in the list's form, unsaved, make of a typical lead."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        formset = self._weights(request)
        if has_lost_rules(formset):
            return HttpResponseBadRequest(LOST_RULES)
        if not formset.is_valid():
            return HttpResponseBadRequest("These are no weights.")
        org = Organisation.get(org_of(request.user, session=request.session))
        table = [form.instance.rule for form in formset.forms]
        return render(request, EXAMPLE, {"example": typical_lead(org, table), "tried": True})

    def _weights(self, request: HttpRequest) -> BaseModelFormSet[ScoringRule, Any]:
        """The list's form as it was sent."""
        formset: Any = self.get_changelist_formset(request)
        weights: BaseModelFormSet[ScoringRule, Any] = formset(request.POST, queryset=self.get_queryset(request))
        return weights

    def copy(self, request: HttpRequest) -> HttpResponse:
        """Makes the default table the organisation's own."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        org_id = org_of(request.user, session=request.session)
        own_rules(org_id=org_id, by=request.user.get_username(), at=timezone.now())
        messages.success(request, "The rules are yours now: change the points, and see below what they do.")
        return redirect(reverse("admin:models_registry_scoringrule_changelist"))

    def save_model(self, request: HttpRequest, obj: ScoringRule, form: Any, change: bool) -> None:
        """By the same act as everywhere, with its audit row."""
        if not change:
            obj.org_id = org_of(request.user, session=request.session)
        save_rule(rule=obj, by=request.user.get_username(), at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: ScoringRule) -> None:
        """By the act, with its audit row."""
        delete_rule(rule=obj, by=request.user.get_username(), at=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ScoringRule]) -> None:
        """One by one, each with its audit row."""
        for rule in queryset:
            self.delete_model(request, rule)
