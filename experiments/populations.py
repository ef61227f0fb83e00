"""Which leads an experiment is about: a filter by what is known of a lead, and its one meaning in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

FIELDS = ("source", "region", "owner", "status")
ATTRIBUTE = "attributes."
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


def canonical(population: Mapping[str, Any]) -> dict[str, list[Any]]:
    """A filter with each field's values as a sorted list: {"source": "a"} and {"source": ["a"]} are one."""
    several = {name: value if isinstance(value, list) else [value] for name, value in population.items()}
    return {name: sorted(values, key=json.dumps) for name, values in sorted(several.items())}


def overlap(first: Population, second: Population) -> bool:
    """Whether a lead could be in both: not if some field of both has no value in common."""
    return all(any(value in second[name] for value in first[name]) for name in first if name in second)
