"""Processor time of what this process and its PostgreSQL backend do: what a busy machine does not falsify much."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")


def milliseconds(read: Callable[[Any], object], asked: Iterable[Any]) -> float:
    """Of one read, on average over those that are asked."""
    items = list(asked)
    start = _spent()
    for each in items:
        read(each)
    return 1000 * (_spent() - start) / len(items)


def _spent() -> float:
    """Seconds so far: of this process exactly, of the backend in hundredths."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(stat[11]) + int(stat[12])) / TICK
