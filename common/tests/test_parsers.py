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
    ],
)
def test_a_broken_body_is_refused(raw: bytes) -> None:
    with pytest.raises(ParseError):
        parsed(raw)


def test_a_sound_body_comes_through() -> None:
    assert parsed('{"a": [1, 2.5, "é", null, true]}'.encode()) == {"a": [1, 2.5, "é", None, True]}
