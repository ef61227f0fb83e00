"""Statements that a connection plans once: for those that every request sends, planning costs more than they do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Prepared:
    """A statement with %(named)s parameters, and the PostgreSQL type of each.

    Prepared when a connection first needs it. Without DATABASE_PREPARED it is sent as it stands.
    """

    statement: str
    types: Mapping[str, str] = field(hash=False)

    def execute(self, cursor: Any, query: Mapping[str, Any]) -> None:
        """Runs it on a cursor of Django's connection."""
        if not settings.DATABASE_PREPARED:
            cursor.execute(self.statement, query)
            return
        prepared: set[str] = cursor.db.prepared
        if self._name not in prepared:
            cursor.execute(self._prepare)
            prepared.add(self._name)
        cursor.execute(self._execute, query)

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
        # ARRAY[NULL] alone would be of texts.
        return f"EXECUTE {self._name} ({', '.join(f'%({name})s::{kind}' for name, kind in self.types.items())})"
