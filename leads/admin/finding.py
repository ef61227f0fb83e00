"""How rows are found in the lists of this room and those above it: by the lead's number, and by time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from common.filters import Within
from common.serializers import MAX_ID
from common.tenancy import org_of
from leads.models import Dossier, Organisation


def number_in(words: str) -> int | None:
    """The lead's number that somebody has typed; None where it can be none."""
    words = words.strip()
    number = int(words[:20]) if words.isascii() and words.isdigit() else 0
    return number if 0 < number <= MAX_ID else None


class FoundByLead:
    """A mixin before ModelAdmin: rows that have a `dossier` are found by its number, through the indexes on both."""

    search_fields: Any = ("dossier__number",)
    search_help_text: Any = "A lead's number"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The rows of the lead; none where nobody has the number."""
        if not search_term.strip():
            return queryset, False
        org_id, number = org_of(request.user, session=request.session), number_in(search_term)
        lead = Dossier.objects.of(org_id).filter(number=number).first() if number else None
        return (queryset.filter(dossier=lead) if lead else queryset.none()), False


class WithinPresent(Within):
    """Counted back from the organisation's present, as its records may have ended long ago."""

    def now(self, request: HttpRequest) -> datetime:
        """The present of the person's organisation."""
        return Organisation.get(org_of(request.user, session=request.session)).now()
