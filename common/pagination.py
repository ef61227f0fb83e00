"""Pages by `limit` and `cursor`, on a key: as fast on the last page as on the first, and steady while rows come in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet
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
class Stretch:
    """The first `most` rows by `field` (not null) and, of those that tie, by `tie`; or the first beyond a row that has
    these two values. What `falls` begins with the largest."""

    field: str
    falls: bool
    tie: str
    tie_falls: bool
    most: int
    beyond: tuple[Any, int] | None = None

    @property
    def order(self) -> tuple[str, str]:
        """What `order_by` takes."""
        return f"{'-' if self.falls else ''}{self.field}", f"{'-' if self.tie_falls else ''}{self.tie}"


class Rows(Protocol):
    """What pages are read of."""

    def read(self, stretch: Stretch) -> list[Any]:
        """The rows of a stretch, in its order. They have the attributes that it names."""


@dataclass(frozen=True)
class Queried:
    """The rows of a query. One statement a stretch."""

    rows: QuerySet[Any]

    def read(self, stretch: Stretch) -> list[Any]:
        """Of the rows that tie with the one to go beyond and of the others the first each: either is a step in an
        index, however many tie."""
        order, most = stretch.order, stretch.most
        if stretch.beyond is None:
            return list(self.rows.order_by(*order)[:most])
        value, key = stretch.beyond
        further, next_key = ("lt" if falls else "gt" for falls in (stretch.falls, stretch.tie_falls))
        tied = self.rows.filter(**{stretch.field: value, f"{stretch.tie}__{next_key}": key}).order_by(*order)
        others = self.rows.filter(**{f"{stretch.field}__{further}": value}).order_by(*order)
        return list(tied[:most].union(others[:most], all=True).order_by(*order)[:most])


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
        return self._stretch(0).order

    def page(self, request: Request, rows: QuerySet[Any] | Rows) -> Page:
        """The page that the request's `limit` and `cursor` ask for. Raises ValidationError for broken ones."""
        limit, cursor = _limit(request), self._read(request.query_params.get("cursor"))
        read = Queried(rows).read if isinstance(rows, QuerySet) else rows.read
        if cursor is not None and cursor[0] == "before":
            found = read(self._stretch(limit + 1, cursor[1:], is_backwards=True))
            if found:
                return self._page_before(request, found, limit)
            cursor = None
        found = read(self._stretch(limit + 1, cursor and cursor[1:]))
        return self._page_after(request, found, limit, is_first=cursor is None)

    def _stretch(self, most: int, beyond: tuple[Any, int] | None = None, *, is_backwards: bool = False) -> Stretch:
        return Stretch(self.field, not is_backwards, self.tie, self.rises is is_backwards, most, beyond)

    def _page_after(self, request: Request, found: list[Any], limit: int, *, is_first: bool) -> Page:
        shown = found[:limit]
        forward = self._link(request, "after", shown[-1]) if len(found) > limit else None
        back = self._link(request, "before", shown[0]) if shown and not is_first else None
        return Page(shown, forward, back)

    def _page_before(self, request: Request, found: list[Any], limit: int) -> Page:
        shown = found[:limit][::-1]
        back = self._link(request, "before", shown[0]) if len(found) > limit else None
        return Page(shown, self._link(request, "after", shown[-1]), back)

    def _link(self, request: Request, side: str, row: Any) -> str:
        key = json.dumps([side, self.field, self.dump(getattr(row, self.field)), getattr(row, self.tie)])
        cursor = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
        return replace_query_param(remove_query_param(request.build_absolute_uri(), "cursor"), "cursor", cursor)

    def _read(self, text: str | None) -> tuple[str, Any, int] | None:
        if text is None:
            return None
        try:
            side, field, value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if (
                side not in ("after", "before")
                or field != self.field
                or not isinstance(pk, int)
                or not 0 <= pk <= MAX_ID
            ):
                raise ValueError(text)
            return side, self.parse(value), pk
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ValidationError({"cursor": "is not a cursor that we gave for this list and order."}) from error


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS and 1 <= int(text) <= MAX_LIMIT):
        raise ValidationError({"limit": f"must be a number from 1 to {MAX_LIMIT}."})
    return int(text)
