"""Pages by `limit` and `cursor`, on a key: as fast on the last page as on the first, and steady while rows come in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from common.serializers import MAX_ID

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
DIGITS = len(str(MAX_LIMIT))


@dataclass(frozen=True)
class Page:
    """One page: its rows, and the addresses of its neighbours."""

    rows: list[Any]
    next: str | None
    previous: str | None

    def answer(self, results: list[Any]) -> dict[str, Any]:
        """The contract's shape around the shown rows."""
        return {"next": self.next, "previous": self.previous, "results": results}


@dataclass(frozen=True)
class Keyset:
    """A descending order by `field` (not null), ties broken by `tie`, which falls too unless it `rises`.

    `parse` makes the field's value of what a cursor holds, and raises ValueError, TypeError or OverflowError where it
    cannot.
    """

    field: str
    parse: Callable[[Any], Any]
    dump: Callable[[Any], Any] = lambda value: value
    tie: str = "pk"
    rises: bool = False

    @property
    def order(self) -> tuple[str, str]:
        """What `order_by` takes."""
        return f"-{self.field}", self.tie if self.rises else f"-{self.tie}"

    @property
    def _backwards(self) -> tuple[str, str]:
        return self.field, f"-{self.tie}" if self.rises else self.tie

    def page(self, request: Request, rows: QuerySet[Any]) -> Page:
        """The page that the request's `limit` and `cursor` ask for. Raises ValidationError for broken ones."""
        limit, cursor = _limit(request), self._read(request.query_params.get("cursor"))
        if cursor is not None and cursor[0] == "before":
            return self._before(request, rows, limit, cursor)
        return self._after(request, rows, limit, cursor)

    def _after(self, request: Request, rows: QuerySet[Any], limit: int, cursor: tuple[str, Any, int] | None) -> Page:
        if cursor is None:
            found = list(rows.order_by(*self.order)[: limit + 1])
        else:
            found = self._beyond(rows, cursor, limit + 1, ("lt", "gt" if self.rises else "lt"), self.order)
        shown = found[:limit]
        forward = self._link(request, "after", shown[-1]) if len(found) > limit else None
        back = self._link(request, "before", shown[0]) if cursor is not None and shown else None
        return Page(shown, forward, back)

    def _before(self, request: Request, rows: QuerySet[Any], limit: int, cursor: tuple[str, Any, int]) -> Page:
        found = self._beyond(rows, cursor, limit + 1, ("gt", "lt" if self.rises else "gt"), self._backwards)
        shown = found[:limit][::-1]
        if not shown:
            return self._after(request, rows, limit, None)
        back = self._link(request, "before", shown[0]) if len(found) > limit else None
        return Page(shown, self._link(request, "after", shown[-1]), back)

    def _beyond(
        self,
        rows: QuerySet[Any],
        cursor: tuple[str, Any, int],
        wanted: int,
        sides: tuple[str, str],
        order: tuple[str, str],
    ) -> list[Any]:
        """The first rows beyond the cursor's: of those that tie with it and of the others the first each, so that
        either is a step in an index, however many tie. One statement."""
        _, value, key = cursor
        tied = rows.filter(**{self.field: value, f"{self.tie}__{sides[1]}": key}).order_by(*order)
        others = rows.filter(**{f"{self.field}__{sides[0]}": value}).order_by(*order)
        return list(tied[:wanted].union(others[:wanted], all=True).order_by(*order)[:wanted])

    def _link(self, request: Request, side: str, row: Model) -> str:
        key = json.dumps([side, self.dump(getattr(row, self.field)), getattr(row, self.tie)])
        cursor = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
        return replace_query_param(remove_query_param(request.build_absolute_uri(), "cursor"), "cursor", cursor)

    def _read(self, text: str | None) -> tuple[str, Any, int] | None:
        if text is None:
            return None
        try:
            side, value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if side not in ("after", "before") or not isinstance(pk, int) or not 0 <= pk <= MAX_ID:
                raise ValueError(text)
            return side, self.parse(value), pk
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ValidationError({"cursor": "is not a cursor that we gave."}) from error


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS and 1 <= int(text) <= MAX_LIMIT):
        raise ValidationError({"limit": f"must be a number from 1 to {MAX_LIMIT}."})
    return int(text)
