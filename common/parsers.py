"""JSON as we take it: strict, bounded, and storable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 32


class StrictJSONParser(JSONParser):
    """Refuses what JSON does not have (NaN), what PostgreSQL cannot keep (NUL, lone surrogates), and deep nesting."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body. Raises ParseError (400) saying what is wrong."""
        try:
            data = json.loads(stream.read().decode("utf-8"), parse_constant=_refuse_constant, parse_int=_bounded_int)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except (ValueError, UnicodeDecodeError) as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error
        _check(data, 0)
        return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _bounded_int(digits: str) -> int:
    if len(digits) > 400:
        raise ValueError("a number has too many digits")
    return int(digits)


def _check(part: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ParseError("The JSON is nested too deeply.")
    if isinstance(part, str):
        _check_text(part)
    elif isinstance(part, dict):
        for key, value in part.items():
            _check_text(key)
            _check(value, depth + 1)
    elif isinstance(part, list):
        for value in part:
            _check(value, depth + 1)


def _check_text(text: str) -> None:
    if text.isascii():
        if "\x00" in text:
            raise ParseError("A text holds a NUL character, which cannot be stored.")
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ParseError("A text holds half of a surrogate pair, which is not a character.") from error
    if "\x00" in text:
        raise ParseError("A text holds a NUL character, which cannot be stored.")
