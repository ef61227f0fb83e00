"""What a running installation takes: `python -m benchmarks.sizing`, beside `make run` and with its environment.

Memory of each part, as the system shares it out (PSS) and at its peak (RSS), and the bytes of a row of each large
table with its indexes.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from leadqual import embedded

PARTS = {
    "gunicorn": "web",
    "celery.*worker": "worker",
    "celery.*beat": "beat",
    "valkey": "Valkey",
    "postgres": "PostgreSQL",
}
TABLES = """
SELECT coalesce(parent.relname, leaf.relname), sum(leaf.reltuples)::bigint,
       sum(pg_total_relation_size(leaf.oid))::bigint
FROM pg_class leaf LEFT JOIN pg_inherits ON inhrelid = leaf.oid LEFT JOIN pg_class parent ON parent.oid = inhparent
WHERE leaf.relkind = 'r' AND leaf.relnamespace = 'public'::regnamespace
GROUP BY 1 HAVING sum(leaf.reltuples) >= 1000 ORDER BY 3 DESC
"""


def main() -> None:
    """Prints both tables."""
    print("| part | processes | memory, MiB | of the largest, at its peak |\n|---|---|---|---|")
    processes = list(_processes())
    for part in PARTS.values():
        found = [(shared, peak) for name, shared, peak in processes if name == part]
        if found:
            together, largest = sum(shared for shared, _ in found), max(peak for _, peak in found)
            print(f"| {part} | {len(found)} | {together:.0f} | {largest:.0f} |")
    print("\n| table | rows | bytes a row, with indexes |\n|---|---|---|")
    for table, rows, size in _tables():
        print(f"| `{table}` | {rows:,} | {size / rows:,.0f} |")


def _processes() -> Iterator[tuple[str, float, float]]:
    """(part, PSS, peak RSS in MiB) of each process that works in our folder."""
    mark = f"LEADQUAL_VAR={embedded.var_dir()}"
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
            belongs = mark in environment or (entry / "cwd").resolve().is_relative_to(embedded.var_dir())
            part = next((part for pattern, part in PARTS.items() if re.search(pattern, command)), None)
            if belongs and part:
                yield part, _kib(entry / "smaps_rollup", "Pss") / 1024, _kib(entry / "status", "VmHWM") / 1024


def _kib(file: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", file.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _tables() -> list[tuple[str, int, int]]:
    with contextlib.closing(psycopg2.connect(embedded.database_url())) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("ANALYZE")
        cursor.execute(TABLES)
        return list(cursor.fetchall())


if __name__ == "__main__":
    main()
