"""Statements that a connection plans once: for those that every request sends, planning costs more than they do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    from common.postgresql.base import DatabaseWrapper

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Prepared:
    """A statement with %(named)s parameters, and the PostgreSQL type of each.

    Prepared when a connection first needs it. Without DATABASE_PREPARED it is sent as it stands.
    """

    statement: str
    types: Mapping[str, str] = field(hash=False)

    def rows(self, query: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Runs it on Django's connection, and reads all that it finds."""
        database = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
        cursor = database.quick_cursor()
        if not settings.DATABASE_PREPARED:
            cursor.execute(self.statement, query)
        else:
            if self._name not in database.prepared:
                cursor.execute(self._prepare)
                database.prepared.add(self._name)
            cursor.execute(self._execute, [query[name] for name in self.types])
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

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
        # By their places: psycopg2 looks each name up by a call of Python. ARRAY[NULL] alone would be of texts.
        return f"EXECUTE {self._name} ({', '.join(f'%s::{kind}' for kind in self.types.values())})"
