"""Which leads an experiment is about, as a person writes it: a field a line, and its values with commas."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from experiments.populations import ATTRIBUTE, FIELDS, canonical


class Unreadable(ValueError):
    """A line that says no field and values."""


def population_of(text: str) -> dict[str, list[Any]]:
    """The filter that is written: "source: website, portal", or an attribute's name and values. Raises Unreadable."""
    found: dict[str, list[Any]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, values = (part.strip() for part in line.partition(":"))
        told = [value for each in values.split(",") if (value := each.strip())]
        if not (name and colon and told):
            raise Unreadable(_("“%s” is not a field and its values, as in “source: website, portal”.") % line)
        if name in FIELDS:
            found[name] = [None if value == "null" else value for value in told]
        else:
            key = name if name.startswith(ATTRIBUTE) else ATTRIBUTE + name
            found[key] = [value for each in told for value in _meant(each)]
    return canonical(found)


def _meant(value: str) -> list[Any]:
    """An attribute's value; what reads as a number or a truth value may be kept as that, or as a text."""
    try:
        found = json.loads(value)
    except ValueError:
        return [value]
    if found is None:
        return [None]
    if isinstance(found, float) and not math.isfinite(found):  # Python reads NaN and 1e999, which nobody else does
        return [value]
    return [found, value] if isinstance(found, (bool, int, float)) else [value]


def text_of(population: Mapping[str, Any]) -> str:
    """A filter as it is written."""
    lines = []
    for name, values in sorted(population.items()):
        words = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in values]
        lines.append(f"{name.removeprefix(ATTRIBUTE)}: {', '.join(dict.fromkeys(words))}")
    return "\n".join(lines)
