"""Everything of one lead in one place, to read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from common.admin import LongTable, OwnOrganisationAdmin, ReadOnlyAdmin
from common.tenancy import org_of
from leads.admin.finding import WithinPresent, number_in
from leads.models import (
    Appointment,
    Dossier,
    Event,
    LeadAttribute,
    LeadChange,
    LeadScore,
    LeadStatusChange,
    Message,
    Outcome,
    Override,
    Property,
)
from leads.vocabulary import words_of

OPEN, WON, LOST = "open", "won", "lost"
MOST_ROWS = 200


class Told(ReadOnlyAdmin, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of a lead, to read: the newest of them, so that a page stays one however much is behind a lead."""

    extra = 0
    can_delete = False
    deferred: tuple[str, ...] = ()
    newest_by: tuple[str, ...]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The newest rows of the lead whose page it is."""
        lead = request.resolver_match.kwargs["object_id"] if request.resolver_match else None
        rows = self.model._default_manager.filter(dossier=lead).order_by(*(f"-{name}" for name in self.newest_by))
        return super().get_queryset(request).filter(pk__in=rows.values("pk")[:MOST_ROWS]).defer(*self.deferred)


def told(table: type[Model], *fields: str, by: str = "pk", deferred: tuple[str, ...] = ()) -> type[Told]:
    """An inline that shows these fields of a table, in the order of one; `deferred` are not read."""
    order = (by, "pk") if by != "pk" else ("pk",)
    shown = {"model": table, "fields": fields, "readonly_fields": fields, "ordering": order}
    return type(f"{table.__name__}Inline", (Told,), shown | {"newest_by": order, "deferred": deferred})


class CreatedWithin(WithinPresent):
    """By the index on the time of creation."""

    title = "created within the last"
    column = "created_at"


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


class WordsInUse(admin.SimpleListFilter):
    """By a word that is in use, as an index knows them."""

    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The words, in their order."""
        words = words_of(org_of(request.user, session=request.session), [self.column])[self.column]
        return [(word, word) for word in words]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dossier]) -> QuerySet[Dossier]:
        """The leads with the word."""
        word = self.value()
        return queryset.filter(**{self.column: word}) if (word, word) in self.lookup_choices else queryset


class ByStatus(WordsInUse):
    """By status."""

    title = parameter_name = column = "status"


class BySource(WordsInUse):
    """By source."""

    title = parameter_name = column = "source"


@admin.register(Dossier)
class DossierAdmin(LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """A lead, whole. It is changed by the CRM, over the API or an import, so that its history is kept."""

    list_display = ("number", "status", "source", "region", "owner", "created_at", "probability")
    list_filter = (Standing, CreatedWithin, ByStatus, BySource)
    search_fields = ("number",)
    search_help_text = "The lead's number"
    sortable_by = ("number", "created_at")  # what an index sorts
    ordering = ("-created_at",)
    change_form_template = "admin/leads/dossier/change_form.html"
    inlines: ClassVar[Any] = (
        told(Property, "price", "has_photos", "city", "known_from"),
        told(LeadScore, "probability", "confidence", "action", "method", "model_version", "scored_at"),
        told(Outcome, "converted", "occurred_at", "revenue", "origin", "recorded_by", "recorded_at", "superseded_at"),
        told(Override, "probability", "action", "reason", "by", "at", "ended_at", "model_probability", by="at"),
        told(LeadStatusChange, "from_status", "to_status", "changed_at", "is_exact", by="changed_at"),
        told(Message, "direction", "occurred_at", "recorded_at", "external_id", by="occurred_at"),
        told(Appointment, "occurred_at", "scheduled_for", "recorded_at", "external_id", by="occurred_at"),
        told(Event, "kind", "direction", "occurred_at", "recorded_at", "is_outcome_echo", by="occurred_at"),
        told(LeadAttribute, "name", "value", "known_from", "availability", by="name"),
        told(LeadChange, "field", "old_value", "changed_at", by="changed_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The scores are read for the leads of the page alone, not for those before it."""
        return super().get_queryset(request).prefetch_related("score")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Dossier], search_term: str
    ) -> tuple[QuerySet[Dossier], bool]:
        """By the lead's number, through the index on it."""
        if not search_term.strip():
            return queryset, False
        number = number_in(search_term)
        return (queryset.filter(number=number) if number else queryset.none()), False

    @admin.display(description="Probability")
    def probability(self, lead: Dossier) -> str:
        """The current score; a dash where there is none."""
        score = getattr(lead, "score", None)
        return "–" if score is None or score.probability is None else f"{score.probability:.0%}"


def also_show(inline: type[Told]) -> None:
    """What a room above knows of a lead, below what this one knows."""
    DossierAdmin.inlines = (*DossierAdmin.inlines, inline)
