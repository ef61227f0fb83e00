"""What staff see of leads: everything of one lead in one place, to read; the organisation's definitions, to edit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from common import audit
from common.admin import OwnOrganisationAdmin, ReadOnlyAdmin
from common.bounded import MOST, BoundedPaginator
from common.serializers import MAX_ID
from common.tenancy import org_of
from leads.models import (
    Appointment,
    Dossier,
    Event,
    ImportJob,
    LeadAttribute,
    LeadChange,
    LeadScore,
    LeadStatusChange,
    Message,
    Organisation,
    Outcome,
    Property,
)
from leads.outcomes import rederive

SPANS = {name: timedelta(days=days) for name, days in (("day", 1), ("week", 7), ("month", 31), ("quarter", 92))}
OPEN, WON, LOST = "open", "won", "lost"


class Told(ReadOnlyAdmin, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of a lead, to read."""

    extra = 0
    can_delete = False


def told(table: type[Model], *fields: str, by: str = "id") -> type[Told]:
    """An inline that shows these fields of a table, in the order of one."""
    shown = {"model": table, "fields": fields, "readonly_fields": fields, "ordering": (by, "id")}
    return type(f"{table.__name__}Inline", (Told,), shown)


class CreatedWithin(admin.SimpleListFilter):
    """By the index on the time of creation, counted back from the organisation's present."""

    title = "created within the last"
    parameter_name = "within"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The spans to choose from."""
        return [(name, name) for name in SPANS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dossier]) -> QuerySet[Dossier]:
        """The leads of the span."""
        span = SPANS.get(self.value() or "")
        now = Organisation.get(org_of(request.user, session=request.session)).now()
        return queryset.filter(created_at__gte=now - span) if span else queryset


class Standing(admin.SimpleListFilter):
    """By the current outcome, through the index that allows one of them a lead."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """What may have become of a lead."""
        return [(OPEN, "open"), (WON, "converted"), (LOST, "lost")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Dossier]:
        """The leads that stand so."""
        chosen: QuerySet[Dossier] = queryset
        if self.value() == OPEN:
            chosen = queryset.open()
        elif self.value() in {WON, LOST}:
            chosen = queryset.filter(outcomes__superseded_at=None, outcomes__converted=self.value() == WON)
        return chosen


class RecentWords(admin.SimpleListFilter):
    """By a word that is in use: those of the newest ten thousand leads, so that no list reads millions for its menu."""

    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The words, in their order."""
        newest = Dossier.objects.of(org_of(request.user, session=request.session)).order_by("-created_at")[:MOST]
        rows = Dossier.objects.filter(pk__in=newest.values("pk")).order_by(self.column)
        return [(word, word) for word in rows.values_list(self.column, flat=True).distinct() if word]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dossier]) -> QuerySet[Dossier]:
        """The leads with the word."""
        word = self.value()
        return queryset.filter(**{self.column: word}) if (word, word) in self.lookup_choices else queryset


class ByStatus(RecentWords):
    """By status."""

    title = parameter_name = column = "status"


class BySource(RecentWords):
    """By source."""

    title = parameter_name = column = "source"


@admin.register(Dossier)
class DossierAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """A lead, whole. It is changed by the CRM, over the API or an import, so that its history is kept."""

    list_display = ("number", "status", "source", "region", "owner", "created_at", "probability")
    list_filter = (Standing, CreatedWithin, ByStatus, BySource)
    list_select_related = ("score",)
    search_fields = ("number",)
    search_help_text = "The lead's number"
    sortable_by = ("number", "created_at")  # what an index sorts
    ordering = ("-created_at",)
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    inlines = (
        told(Property, "price", "has_photos", "city", "known_from"),
        told(LeadScore, "probability", "confidence", "action", "method", "model_version", "scored_at"),
        told(Outcome, "converted", "occurred_at", "revenue", "origin", "recorded_by", "recorded_at", "superseded_at"),
        told(LeadStatusChange, "from_status", "to_status", "changed_at", "is_exact", by="changed_at"),
        told(Message, "direction", "occurred_at", "recorded_at", "external_id", by="occurred_at"),
        told(Appointment, "occurred_at", "scheduled_for", "recorded_at", "external_id", by="occurred_at"),
        told(Event, "kind", "direction", "occurred_at", "recorded_at", "is_outcome_echo", by="occurred_at"),
        told(LeadAttribute, "name", "value", "known_from", "availability", by="name"),
        told(LeadChange, "field", "old_value", "changed_at", by="changed_at"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Dossier], search_term: str
    ) -> tuple[QuerySet[Dossier], bool]:
        """By the lead's number, through the index on it."""
        term = search_term.strip()
        if not term:
            return queryset, False
        number = int(term[:20]) if term.isascii() and term.isdigit() else 0
        return (queryset.filter(number=number) if 0 < number <= MAX_ID else queryset.none()), False

    @admin.display(description="Probability")
    def probability(self, lead: Dossier) -> str:
        """The current score; a dash where there is none."""
        score = getattr(lead, "score", None)
        return "–" if score is None or score.probability is None else f"{score.probability:.0%}"


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    """An organisation whose words for won and lost are words, and mean one thing each."""

    class Meta:
        model = Organisation
        fields = ("org_id", "name", "time_zone", "horizon_days", "won_statuses", "lost_statuses", "observed_until")

    def clean_won_statuses(self) -> list[str]:
        """The words. Raises ValidationError where they are not such a list, as the next does."""
        return _words(self.cleaned_data["won_statuses"])

    def clean_lost_statuses(self) -> list[str]:
        """The words."""
        return _words(self.cleaned_data["lost_statuses"])

    def clean(self) -> dict[str, Any]:
        """Everything. Raises ValidationError where a word means both."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        won, lost = ({word.casefold() for word in data.get(f"{name}_statuses", ())} for name in ("won", "lost"))
        if won & lost:
            raise forms.ValidationError({"lost_statuses": f"mean won already: {', '.join(sorted(won & lost))}."})
        return data


def _words(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word.strip() for word in value):
        raise forms.ValidationError('must be a list of texts, such as ["WON", "SIGNED"].')
    return value


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the organisation means by a conversion. Changed words settle the outcomes anew."""

    form = OrganisationForm
    list_display = ("org_id", "name", "time_zone", "horizon_days", "observed_until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        """One's own; all of them for a superuser."""
        rows = super().get_queryset(request)
        return rows if getattr(request.user, "is_superuser", False) else rows.filter(pk=org_of(request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who is no superuser makes only the own one, and once."""
        if not super().has_add_permission(request):
            return False
        return bool(getattr(request.user, "is_superuser", False)) or not self.get_queryset(request).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: Organisation | None = None) -> tuple[str, ...]:
        """An organisation keeps its key, and who is no superuser does not choose one."""
        return ("org_id",) if obj is not None or not getattr(request.user, "is_superuser", False) else ()

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """Saves, settles the outcomes that follow from statuses, and leaves a row that says so."""
        if not change and not getattr(request.user, "is_superuser", False):
            obj.org_id = org_of(request.user)
        super().save_model(request, obj, form, change)
        by = request.user.get_username()
        settled = rederive(obj.org_id, by=by) if {"won_statuses", "lost_statuses"} & set(form.changed_data) else 0
        audit.record(
            org_id=obj.org_id,
            act="organisation.change",
            by=by,
            at=timezone.now(),
            subject=obj.org_id,
            evidence={"changed": form.changed_data, "outcomes_settled": settled},
        )


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Imports, to read: how far they are, and what they could not take."""

    list_display = (
        "filename",
        "content",
        "status",
        "progress",
        "rows",
        "accepted",
        "rejected",
        "started_by",
        "created_at",
    )
    list_filter = ("status", "content")
    ordering = ("-created_at",)
    paginator = BoundedPaginator
    show_full_result_count = False
