"""Rows of several tables read in one statement: each part of the joined row becomes a row of its own table."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models

from common.prepared import Prepared

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Part(Generic[Row]):
    """A table under its alias in the statement, and which of its columns are wanted; the key is always one of them."""

    alias: str
    table: type[Row]
    wanted: frozenset[str]
    shared: bool = False
    """Whether equal columns may be one and the same row for all who ask, who then only read it."""

    @functools.cached_property
    def _fields(self) -> list[Any]:
        meta = self.table._meta
        return [field for field in meta.concrete_fields if field.attname in self.wanted or field.primary_key]

    @functools.cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._fields]

    @functools.cached_property
    def _converters(self) -> list[tuple[int, Any]]:
        return [(at, field.from_db_value) for at, field in enumerate(self._fields) if hasattr(field, "from_db_value")]

    @functools.cached_property
    def _key(self) -> int:
        return self._names.index(self.table._meta.pk.attname)

    @functools.cached_property
    def width(self) -> int:
        """How many columns of the joined row are its own."""
        return len(self._fields)

    @functools.cached_property
    def columns(self) -> str:
        """Its columns, for SELECT."""
        return ", ".join(f"{self.alias}.{field.column}" for field in self._fields)

    def row(self, values: Sequence[Any]) -> Row | None:
        """The row that its columns hold; None where an outer join has found none. Other fields are deferred."""
        if values[self._key] is None:
            return None
        return self._shared(tuple(values)) if self.shared else self._made(values)

    @functools.cached_property
    def _shared(self) -> Callable[[tuple[Any, ...]], Row]:
        return functools.lru_cache(maxsize=256)(self._made)

    def _made(self, values: Sequence[Any]) -> Row:
        found = list(values)
        for at, convert in self._converters:
            found[at] = convert(found[at], None, connection)
        return self.table.from_db(DEFAULT_DB_ALIAS, self._names, found)


def part(alias: str, table: type[Row], *wanted: str, shared: bool = False) -> Part[Row]:
    """A table's part of a joined row."""
    return Part(alias, table, frozenset(wanted), shared)


@dataclass(frozen=True)
class Joined:
    """A statement: `SELECT the parts' columns` and then `origin` (FROM and on), with its parameters' types."""

    parts: Sequence[Part[Any]]
    origin: str
    types: Mapping[str, str]
    beside: Sequence[str] = ()
    """Expressions beside the parts, in SQL."""

    @functools.cached_property
    def _statement(self) -> Prepared:
        wanted = [*(part.columns for part in self.parts), *self.beside]
        return Prepared(f"SELECT {', '.join(wanted)} {self.origin}", self.types)

    def rows(self, query: Mapping[str, Any], meanwhile: Callable[[], object] = lambda: None) -> Iterator[list[Any]]:
        """What it finds: for each row, each part's row or None, and then the values beside them.

        `meanwhile` is done while PostgreSQL is at it, where it can be.
        """
        for values in self._statement.rows(query, meanwhile):
            yield list(_split(self.parts, values))


def _split(parts: Sequence[Part[Any]], values: Sequence[Any]) -> Iterator[Any]:
    start = 0
    for each in parts:
        yield each.row(values[start : start + each.width])
        start += each.width
    yield from values[start:]
