"""Many rows in one statement: columns travel as array literals and are unnested by the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

TABLES = (
    "dossier",
    "property",
    "lead_change",
    "lead_attribute",
    "message_entity",
    "appointment_entity",
    "lead_event",
    "lead_status_change",
    "lead_outcome",
)


def analyse() -> None:
    """Tells the planner how many rows there are now: whoever reads them next needs a plan that knows it."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")


def literal(values: Sequence[Any]) -> str:
    """A PostgreSQL array literal of numbers, truth values, texts, times and nulls."""
    kinds = set(map(type, values))
    if kinds == {type(None)}:
        return f"{{{','.join(['NULL'] * len(values))}}}"
    if kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    if kinds == {datetime}:
        return '{"' + '","'.join(map(datetime.isoformat, values)) + '"}'
    if kinds == {str}:
        plain = '","'.join(values)
        # Nearly all texts are without quotes and backslashes: then none has to be escaped.
        if "\\" not in plain and plain.count('"') == 2 * (len(values) - 1):
            return f'{{"{plain}"}}'
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    return str(value)


@lru_cache(maxsize=20_000, typed=True)
def as_json(value: Any) -> str:
    """A scalar as JSON text. Kept, since the words of a category come again and again."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def execute(sql: str, rows: Sequence[Sequence[Any]], *first: Any) -> int:
    """Runs `sql` with `first` and then one array a column of `rows`; how many rows it touched. No rows: nothing."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(sql, [*first, *map(literal, zip(*rows, strict=True))])
        return int(cursor.rowcount)


def run(sql: str, *parameters: Any) -> int:
    """Runs one statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return int(cursor.rowcount)


def fetch(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a query; list parameters become arrays."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return list(cursor.fetchall())


def execute_returning(sql: str, rows: Sequence[Sequence[Any]], *first: Any) -> list[tuple[Any, ...]]:
    """Like `execute`, for a statement that returns rows."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, [*first, *map(literal, zip(*rows, strict=True))])
        return list(cursor.fetchall())
