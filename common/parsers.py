"""JSON as we take it: strict, bounded, and storable."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from common.scopes import ensure_own_org

MAX_DEPTH = 32
ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
"""Only so can a text hold what cannot be kept: as it is, JSON has no NUL, and UTF-8 no half of a pair."""
LONG_NUMBER = re.compile(rb"(?<![.\d])\d{19}")
TO_ZERO, ZEROS = bytes.maketrans(b"0123456789", b"0" * 10), b"0" * 19
"""Nineteen digits in a row are found so in a tenth of the time; the pattern then says what they are."""


class StrictJSONParser(JSONParser):
    """Refuses what JSON does not have (NaN), what nobody can keep (NUL, lone surrogates, 1e999), and deep nesting."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body. Raises ParseError (400) saying what is wrong.

        Raises PermissionDenied (403) where it names another organisation than the caller's, whatever the door asks for.
        """
        try:
            raw = stream.read()
            data = _loads(raw)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except (ValueError, UnicodeDecodeError) as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error
        if ESCAPED.search(raw):
            check_storable(data)
        else:
            _check_depth(data)
        check_org(data, parser_context)
        return data


def check_org(data: Any, parser_context: Mapping[str, Any] | None) -> None:
    """Raises PermissionDenied (403) where a body names another organisation than the caller's."""
    request = (parser_context or {}).get("request")
    named = data.get("org_id") if isinstance(data, dict) else None
    if isinstance(named, str) and request is not None and request.user.is_authenticated:
        ensure_own_org(request, named)


def _loads(raw: bytes) -> Any:
    """By orjson, except what it takes otherwise than we do: whole numbers longer than 64 bits, and what is wrong."""
    if ZEROS not in raw.translate(TO_ZERO) or not LONG_NUMBER.search(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass  # the standard library says what is wrong in our words
    return json.loads(
        raw.decode("utf-8"), parse_constant=_refuse_constant, parse_int=_bounded_int, parse_float=_finite_float
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _bounded_int(digits: str) -> int:
    if len(digits) > 400:
        raise ValueError("a number has too many digits")
    return int(digits)


def _finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _check_depth(data: Any) -> None:
    parts, depth = [data], 0
    while parts := [
        value
        for part in parts
        for value in (part.values() if isinstance(part, dict) else part if isinstance(part, list) else ())
        if isinstance(value, (dict, list))
    ]:
        depth += 1
        if depth > MAX_DEPTH:
            raise ParseError("The JSON is nested too deeply.")


def check_storable(part: Any, depth: int = 0) -> None:
    """Raises ParseError (400) where a text of it is one that nobody can keep, or it is nested too deeply."""
    if depth > MAX_DEPTH:
        raise ParseError("The JSON is nested too deeply.")
    if isinstance(part, str):
        _check_text(part)
    elif isinstance(part, dict):
        for key, value in part.items():
            _check_text(key)
            check_storable(value, depth + 1)
    elif isinstance(part, list):
        for value in part:
            check_storable(value, depth + 1)


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
