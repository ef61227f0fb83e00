"""Files of every kind are read as rows; what cannot be read is a row with a reason, or a file with one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from leads.importing.ahead import ahead
from leads.importing.files import FileProblem, Source, Table
from leads.importing.mapping import FileMap

# Files that cannot be read, each with what is said of it.
UNREADABLE = [
    (b"", "empty"),
    (b"\n\n\n", "empty"),
    (b"PK\x03\x04rest", "Excel"),
    (b'[{"id": 1}]', "JSON array"),
    (b"a,b,a\n1,2,3\n", "twice: a"),
    (gzip.compress(b"a,b\n1,2\n" * 10_000)[:-30], "damaged"),
    (gzip.compress(b'{"id": 1, "b": 2}\n' * 10_000)[:-30], "damaged"),
    (b"\x1f\x8b broken", "cannot be read"),
    (",".join(map(str, range(3_000))).encode(), "2,000 columns"),
    (b"id,\xff\n1,2\n", "cannot be read: the text is not in the file's encoding."),
    (b'"' + b"x" * 140_000, "cannot be read: field larger than"),
]


def table(tmp_path: Path, content: bytes, shape: FileMap | None = None, max_bytes: int | None = None) -> Table:
    path = tmp_path / "file"
    path.write_bytes(content)
    return Table(Source(path, "file", max_bytes), shape or FileMap())


def rows(found: Table) -> list[list[object]]:
    return [list(row.cells) for row in found if row.problem is None]


def problems(found: Table) -> list[tuple[int, str]]:
    return [(row.line, row.problem) for row in found if row.problem is not None]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    lines = [delimiter.join(cells) for cells in (["id", "name", "note"], ["1", "a", "x"], ["2", "b", '"y, ; | z"'])]
    found = table(tmp_path, "\r\n".join(lines).encode())
    assert (found.header, rows(found)) == (["id", "name", "note"], [["1", "a", "x"], ["2", "b", "y, ; | z"]])


@pytest.mark.parametrize("first", ["sep=|\r\n", '"sep=|"\n', "\ufeffSEP=|\n"])
def test_the_delimiter_may_be_named_in_the_first_line_as_spreadsheets_do(tmp_path: Path, first: str) -> None:
    found = table(tmp_path, (first + "id|a,b\n1|x,y\n").encode())
    assert (found.header, [(row.line, list(row.cells)) for row in found]) == (["id", "a,b"], [(3, ["1", "x,y"])])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_all_line_ends_part_rows(tmp_path: Path, end: bytes) -> None:
    assert rows(table(tmp_path, end.join([b"a,b", b"1,2", b"", b"3,4", b""]))) == [["1", "2"], ["3", "4"]]


def test_the_empty_rows_of_a_spreadsheet_are_no_rows(tmp_path: Path) -> None:
    found = table(tmp_path, b";;\nid;at;note\n1;2;\n;;\n2;3;x\n;;\n;;\n")
    assert found.header == ["id", "at", "note"]
    assert [(row.line, list(row.cells)) for row in found] == [(3, ["1", "2", ""]), (5, ["2", "3", "x"])]


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    found = table(tmp_path, b'id,note\n1,"two\nlines, ""quoted"""\n2,x\n3\n')
    assert rows(found) == [["1", 'two\nlines, "quoted"'], ["2", "x"]]
    assert problems(found) == [(5, "1 cells where the header has 2")]


def test_gzipped_files_marks_and_encodings_are_read(tmp_path: Path) -> None:
    assert rows(table(tmp_path, gzip.compress("a,b\n1,é\n".encode()))) == [["1", "é"]]
    assert table(tmp_path, "\ufeffa,b\n1,2\n".encode()).header == ["a", "b"]
    assert rows(table(tmp_path, "a,b\n1,é\n".encode("utf-16"))) == [["1", "é"]]
    assert rows(table(tmp_path, "a,b\n1,é\n".encode("cp1252"), FileMap(encoding="cp1252"))) == [["1", "é"]]


def test_a_row_in_another_encoding_is_a_problem_of_that_row(tmp_path: Path) -> None:
    found = table(tmp_path, b"a,b\n1,\xe9\n2,ok\n3,\x00\n")
    assert rows(found) == [["2", "ok"]]
    assert problems(found) == [(2, "the text is not in the file's encoding"), (4, "the text holds a NUL character")]


def test_json_lines_are_flattened_and_keep_their_types(tmp_path: Path) -> None:
    lines = [{"id": 1, "property": {"price": 5, "city": None}}, {"id": 2, "ok": True, "list": [1]}]
    found = table(tmp_path, "\n".join(map(json.dumps, lines)).encode())
    assert found.header == ["id", "property.price", "property.city", "ok", "list"]
    assert rows(found) == [[1, 5, None, None, None], [2, None, None, True, [1]]]


def test_broken_json_lines_are_problems_of_their_rows(tmp_path: Path) -> None:
    found = table(tmp_path, b'{"id": 1}\n{"id": \n\n[1]\n{"id": NaN}\n' + b"[" * 100_000 + b"\n" + b'{"id": 2}\n')
    assert rows(found) == [[1], [2]]
    assert [line for line, _ in problems(found)] == [2, 4, 5, 6]


def test_what_no_database_keeps_is_a_problem_of_its_row_and_in_a_header_of_the_file(tmp_path: Path) -> None:
    found = table(tmp_path, b'{"id": 1, "a": "\\ud800"}\n{"id": 2, "b\\u0000": 1}\n{"id": 3, "c": "\\u00e9"}\n')
    assert (found.header, rows(found)) == (["id", "c"], [[3, "é"]])
    assert {reason for _, reason in problems(found)} == {"a text holds a character that cannot be stored"}
    for header in (b"id,\xff\n1,2\n", b"id,a\x00\n1,2\n"):
        with pytest.raises(FileProblem, match="header cannot be read"):
            table(tmp_path, header)


def test_a_file_that_is_not_in_the_encoding_that_the_mapping_names_is_refused(tmp_path: Path) -> None:
    for content in (b"id,b\n1,2\n", b'{"id": 1}\n'):
        with pytest.raises(FileProblem, match="cannot be read"):
            table(tmp_path, content, FileMap(encoding="utf-16"))


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    found = table(tmp_path, b"a,b\n" + b"x" * 3_000_000 + b"\n1,2\n")
    assert rows(found) == [["1", "2"]]
    assert problems(found) == [(2, "the line is longer than a million characters")]


def test_a_quote_that_is_never_closed_is_reported(tmp_path: Path) -> None:
    found = table(tmp_path, b'a,b\n1,2\n3,"' + b"x,y\n" * 50_000)
    assert rows(found)[0] == ["1", "2"]
    assert "field larger than field limit" in problems(found)[0][1]


@pytest.mark.parametrize(("content", "reason"), UNREADABLE)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(FileProblem) as problem:
        rows(table(tmp_path, content))
    assert reason in str(problem.value)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000)
    with pytest.raises(FileProblem, match="unpacks to more"):
        rows(table(tmp_path, bomb, max_bytes=1_000_000))


def test_a_row_is_named_by_its_content(tmp_path: Path) -> None:
    found = table(tmp_path, b"a,b\n1,2\n1,2\n12,\n")
    first, same, other = (found.digest(row.cells) for row in found)
    assert first == same != other


def test_reading_ahead_gives_all_in_order_and_hands_on_what_goes_wrong() -> None:
    assert list(ahead(range(100))) == list(range(100))

    def broken() -> object:
        yield 1
        raise FileProblem("torn")

    made = ahead(broken())
    assert next(made) == 1
    with pytest.raises(FileProblem, match="torn"):
        next(made)


def test_a_reader_that_stops_early_leaves_no_thread() -> None:
    import threading

    made = ahead(iter(range(1_000_000)))
    assert next(made) == 0
    made.close()
    assert "read-ahead" not in [thread.name for thread in threading.enumerate()]
