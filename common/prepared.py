"""Statements that a connection plans once: for those that every request sends, planning costs more than they do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from common.postgresql.lines import OFFER, Line

if TYPE_CHECKING:
    from common.postgresql.base import DatabaseWrapper

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Prepared:
    """A statement with %(named)s parameters, and the PostgreSQL type of each.

    A connection prepares it when it first runs it; without DATABASE_PREPARED, or where it is not to be kept, it is sent
    as it stands, and planned for its values.
    """

    statement: str
    types: Mapping[str, str] = field(hash=False)
    is_kept: bool = True

    def rows(self, query: Mapping[str, Any], meanwhile: Callable[[], object] = lambda: None) -> Rows:
        """Runs the statement and reads all rows: on a free line of the process, else on Django's connection.

        `meanwhile` is called while PostgreSQL works (without a line: afterwards). It must not read from the database
        what the statement changes.
        """
        database = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
        line = OFFER.take(database)
        if line is None:
            found = self._rows(database, query)
            meanwhile()
            return found
        try:
            return self._rows_on(line, database, query, meanwhile)
        except BaseException:
            line.close()
            raise
        finally:
            OFFER.put_back(line)

    def _rows_on(
        self, line: Line, database: DatabaseWrapper, query: Mapping[str, Any], meanwhile: Callable[[], object]
    ) -> Rows:
        with database.wrap_database_errors:
            self._ask(line, query)
        try:
            meanwhile()
        finally:
            with database.wrap_database_errors:
                found = line.answered()
        return found

    def _rows(self, database: DatabaseWrapper, query: Mapping[str, Any]) -> Rows:
        cursor = database.quick_cursor()
        for statement, values in self._steps(database.prepared, query):
            cursor.execute(statement, values)
        found: Rows = cursor.fetchall()
        return found

    def _ask(self, line: Line, query: Mapping[str, Any]) -> None:
        for step in self._steps(line.prepared, query):
            line.ask(*step)

    def _steps(self, prepared: set[str], query: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """What to send, with its values, on a connection that has `prepared` these statements; adds this to them."""
        if not (self.is_kept and settings.DATABASE_PREPARED):
            yield self.statement, query
            return
        if self._name not in prepared:
            yield self._prepare, ()
            prepared.add(self._name)
        yield self._execute, [query[name] for name in self.types]

    @cached_property
    def _name(self) -> str:
        return f"leadqual_{hashlib.sha256(self.statement.encode()).hexdigest()[:16]}"

    @cached_property
    def _prepare(self) -> str:
        number = {name: f"${at}" for at, name in enumerate(self.types, 1)}
        numbered = PLACEHOLDER.sub(lambda found: number[found[1]], self.statement).replace("%%", "%")
        return f"PREPARE {self._name} ({', '.join(self.types.values())}) AS {numbered}"

    @cached_property
    def _execute(self) -> str:
        # Positional: psycopg2 looks up a name by a call into Python. Cast: ARRAY[NULL] alone is an array of texts.
        return f"EXECUTE {self._name} ({', '.join(f'%s::{kind}' for kind in self.types.values())})"
