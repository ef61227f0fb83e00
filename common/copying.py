"""Rows to and from PostgreSQL by binary COPY, as numpy arrays, without any work in Python for the single row.

Where every field has a fixed width, every row has, too: so the bytes of a copy are a structured array as they stand.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

EPOCH = np.datetime64("2000-01-01", "us").astype(np.int64)
"""From which PostgreSQL counts its microseconds."""
UNIX_EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta(microseconds=1)
SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
Field = NDArray[Any] | str | bytes | datetime | float | int | None
"""A column of a copy: an array with a value a row, or one value for all."""


def copied_out(cursor: Any, statement: str, query: Any, names: Sequence[str]) -> NDArray[Any]:
    """The rows of a statement whose fields are all eight bytes wide (whole numbers, floats, moments) and never null.

    Answers a structured array that has a big-endian whole number under each name, whatever the field's type; view it as
    `>f8` where the field is a float.
    """
    out = io.BytesIO()
    cursor.copy_expert(f"COPY ({cursor.mogrify(statement, query).decode()}) TO STDOUT (FORMAT binary)", out)
    fields = [part for at, name in enumerate(names) for part in ((f"width {at}", ">i4"), (name, ">i8"))]
    row, data = np.dtype([("fields", ">i2"), *fields]), out.getbuffer()
    return np.frombuffer(data, row, (len(data) - len(SIGNATURE) - len(TRAILER)) // row.itemsize, offset=len(SIGNATURE))


def copy_in(cursor: Any, table: str, fields: Mapping[str, Field]) -> None:
    """Writes rows. `fields` gives each column an array with a value a row, or one value for all rows; None is null.

    At least one must be an array: of int64, float64, datetime64[us], or bytes of one width (void). A column is null in
    all rows of a call or in none: a caller whose rows differ makes a call for each kind of row.
    """
    n = next(len(field) for field in fields.values() if isinstance(field, np.ndarray))
    columns = {name: _encoded(field) for name, field in fields.items()}
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, column in columns.items():
        layout.append((f"width of {name}", ">i4"))
        if column is not None:
            layout.append((name, column.dtype.str))
    rows = np.empty(n, np.dtype(layout))
    rows["fields"] = len(columns)
    for name, column in columns.items():
        rows[f"width of {name}"] = -1 if column is None else column.dtype.itemsize
        if column is not None:
            rows[name] = column
    data = io.BytesIO(b"".join((SIGNATURE, rows.tobytes(), TRAILER)))
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)", data)


def _encoded(field: Field) -> NDArray[Any] | None:
    if field is None:
        return None
    if isinstance(field, (str, bytes)):
        data = field.encode() if isinstance(field, str) else field
        return np.array(data, dtype=f"V{len(data)}") if data else np.array(b"", dtype="V0")
    if isinstance(field, datetime):
        # In integers: a float holds the microseconds of today's moments exactly, but not those of 2038.
        return _encoded(np.array((field - UNIX_EPOCH) // MICROSECOND).astype("datetime64[us]"))
    values = np.asarray(field)
    if values.dtype.kind == "M":
        return np.asarray(values.astype("datetime64[us]").astype(np.int64) - EPOCH).astype(">i8")
    return values if values.dtype.kind == "V" else values.astype(">f8" if values.dtype.kind == "f" else ">i8")
