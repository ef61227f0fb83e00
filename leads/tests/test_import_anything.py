"""Whatever a file, a mapping or a cell holds: it is read, or refused in words; nothing else is ever raised."""

from __future__ import annotations

import contextlib
import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from leads.importing.files import FileProblem, Source, Table
from leads.importing.mapping import FileMap, MappingProblem
from leads.importing.mapping_toml import read_mapping, ready_mappings
from leads.importing.values import RowProblem, identity, kind_of, number, shown, text, truth

READY = {name: path.read_text(encoding="utf-8") for name, path in ready_mappings().items()}
CELLS = some.one_of(
    some.text(), some.none(), some.booleans(), some.integers(), some.floats(), some.lists(some.integers(), max_size=3)
)
SEEDS = [
    b"id,at\n1,2026-06-01\n",
    b'{"id": 1, "at": "2026-06-01"}\n',
    "id;at\n1;é\n".encode("utf-16"),
    b"\x1f\x8b",
    b"PK",
]


@given(some.text())
def test_any_text_is_a_mapping_or_refused(words: str) -> None:
    with contextlib.suppress(MappingProblem):
        read_mapping(words)


@given(some.sampled_from(sorted(READY)), some.integers(0, 4000), some.integers(0, 60), some.text(max_size=20))
def test_a_ready_mapping_with_anything_in_it_is_a_mapping_or_refused(name: str, at: int, cut: int, junk: str) -> None:
    words = READY[name]
    with contextlib.suppress(MappingProblem):
        read_mapping(words[:at] + junk + words[at + cut :])


@pytest.mark.parametrize("read", [number, truth, text, identity])
@given(cell=CELLS)
def test_any_cell_has_a_value_or_a_problem(read: Callable[[Any], Any], cell: Any) -> None:
    with contextlib.suppress(RowProblem):
        read(cell)
    if cell is not None and not isinstance(cell, list):
        assert kind_of(cell) in ("number", "boolean", "date", "text")
    assert len(shown(cell)) < 200


@given(some.sampled_from(SEEDS), some.binary(max_size=300), some.booleans(), some.integers(1, 400))
def test_any_bytes_are_rows_or_refused(start: bytes, data: bytes, packed: bool, limit: int) -> None:
    content = gzip.compress(start + data) if packed else start + data
    with tempfile.NamedTemporaryFile() as file, contextlib.suppress(FileProblem):
        Path(file.name).write_bytes(content)
        table = Table(Source(Path(file.name), "any", limit), FileMap())
        for row in table:
            assert row.problem or len(row.cells) == len(table.header)
