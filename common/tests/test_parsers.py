"""What is not JSON, or cannot be stored, is refused before any door sees it."""

from io import BytesIO

import pytest
from rest_framework.exceptions import ParseError

from common.parsers import StrictJSONParser


def parsed(raw: bytes) -> object:
    return StrictJSONParser().parse(BytesIO(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": ',
        b"",
        b"\xff",
        b'"\\u0000"',
        b'{"a\\u0000": 1}',
        b'"\\ud800"',
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b"1" * 500,
        b'{"a": 1e999}',
        b'{"a": -1E+400}',
        b'{"a": 1' + b"0" * 400 + b".0}",
    ],
)
def test_a_broken_body_is_refused(raw: bytes) -> None:
    with pytest.raises(ParseError):
        parsed(raw)


def test_a_sound_body_comes_through() -> None:
    assert parsed('{"a": [1, 2.5, "é", null, true]}'.encode()) == {"a": [1, 2.5, "é", None, True]}


@pytest.mark.parametrize("number", [10**18 - 1, 10**18, 2**64, -(10**30)])
def test_a_whole_number_comes_through_to_the_last_digit(number: int) -> None:
    assert parsed(b'{"a": [%d, 0.12345678901234567890123]}' % number) == {"a": [number, 0.12345678901234568]}


@pytest.mark.parametrize("raw", [b"1e308", b"-1e308", b"1e-999", b"1" + b"0" * 300 + b".0"])
def test_a_number_that_can_be_held_comes_through(raw: bytes) -> None:
    assert parsed(raw) == float(raw)


def test_nesting_is_counted_alike_in_lists_and_objects() -> None:
    assert parsed(b'{"a":' * 32 + b"[1]" + b"}" * 32)
    with pytest.raises(ParseError, match="too deeply"):
        parsed(b'{"a":' * 33 + b"[1]" + b"}" * 33)
