"""Filters of admin lists that an index answers, however many rows there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPANS = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 31 * DAY, "quarter": 92 * DAY}


class Within(admin.SimpleListFilter):
    """By a time, counted back from now. Subclasses name the `column`, which an index sorts."""

    parameter_name = "within"
    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The spans to choose from."""
        return [(name, name) for name in SPANS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the span."""
        span = SPANS.get(self.value() or "")
        return queryset.filter(**{f"{self.column}__gte": self.now(request) - span}) if span else queryset

    def now(self, request: HttpRequest) -> datetime:
        """What the spans end at."""
        return timezone.now()
