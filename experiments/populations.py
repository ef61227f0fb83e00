"""Which leads an experiment is about: a filter by what is known of a lead, and its one meaning in SQL."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

FIELDS = ("source", "region", "owner", "status")
ATTRIBUTE = "attributes."
MOST_VALUES, MOST_FIELDS = 100, 20
Population = Mapping[str, Sequence[Any]]

IN_POPULATION = """NOT EXISTS (
    SELECT FROM jsonb_each({population}) AS wanted (name, among)
    WHERE NOT among @> COALESCE(CASE name
        WHEN 'source' THEN to_jsonb(d.source)
        WHEN 'region' THEN to_jsonb(d.region)
        WHEN 'owner' THEN to_jsonb(d.owner)
        WHEN 'status' THEN to_jsonb(d.status)
        ELSE (SELECT a.value FROM lead_attribute a
              WHERE a.dossier_id = d.id AND a.name = substr(wanted.name, length('attributes.') + 1)
              ORDER BY a.known_from DESC LIMIT 1) END, 'null'))"""
"""Whether a dossier `d` has one of the wanted values in every field; what is not known of it is null."""


def problems_of(population: Any) -> dict[str, str]:
    """What is wrong with a filter, by field; empty where nothing is."""
    if not isinstance(population, dict) or len(population) > MOST_FIELDS:
        return {"population": f"must be an object of at most {MOST_FIELDS} fields."}
    return {name or "(empty)": text for name, value in population.items() if (text := _problem(name, value))}


def _problem(name: str, value: Any) -> str:
    if name not in FIELDS and not (name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE)):
        return f"is not one of {', '.join(FIELDS)} or {ATTRIBUTE}<name>."
    values = value if isinstance(value, list) else [value]
    if not 0 < len(values) <= MOST_VALUES:
        return f"must have 1 to {MOST_VALUES} values."
    if not all(map(_is_scalar, values)):
        return "must be texts, numbers, truth values or null."
    return "must not hold the character NUL." if any("\x00" in str(each) for each in (name, *values)) else ""


def _is_scalar(value: Any) -> bool:
    """Whether JSON has it: no NaN, no infinity."""
    return math.isfinite(value) if isinstance(value, float) else value is None or isinstance(value, (str, int))


def canonical(population: Mapping[str, Any]) -> dict[str, list[Any]]:
    """A filter with each field's values as a sorted list: {"source": "a"} and {"source": ["a"]} are one."""
    several = {name: value if isinstance(value, list) else [value] for name, value in population.items()}
    return {name: sorted(values, key=json.dumps) for name, values in sorted(several.items())}


def overlap(first: Population, second: Population) -> bool:
    """Whether a lead could be in both: not if some field of both has no value in common."""
    return all(any(value in second[name] for value in first[name]) for name in first if name in second)
