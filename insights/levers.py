"""The sliders of the what-if on a lead's page: one for each feature that working the lead can change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor
from typing import Any

from leads.consequences import ENGAGEMENT
from leads.features import Feature, Kind
from predictions.reasons import label_of, shown

LEAST_ROOM = {"minutes": 2880.0}
USUAL_ROOM = 10.0
STEPS = {"minutes": 5}
SIGNS = {"minutes": "min"}
"""Beside a number that a slider moves to; of other units the label speaks, whatever the language and the number."""
LEFT_OUT = (ENGAGEMENT,)
"""What only follows from others has no slider of its own."""


@dataclass(frozen=True)
class Lever:
    """A slider from `low` to `high`, standing at `at`: the step nearest to the lead's value, which `shown` says.

    A browser moves a slider to its nearest step by itself; one that starts off a step could never be put back where it
    began.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    at: float
    shown: str


def levers_of(features: Iterable[Feature], known: Mapping[str, Any]) -> list[Lever]:
    """One for each influenceable number that is known of the lead, in the features' order."""
    movable = (each for each in features if each.influenceable and each.kind is Kind.NUMERIC)
    return [_lever(each, known[each.name]) for each in movable if each.name not in LEFT_OUT and _has(known, each)]


def _has(known: Mapping[str, Any], feature: Feature) -> bool:
    return isinstance(known.get(feature.name), (int, float))


def _lever(feature: Feature, value: float) -> Lever:
    low, step = feature.low or 0.0, STEPS.get(feature.unit, 1)
    room = max(LEAST_ROOM.get(feature.unit, USUAL_ROOM), 2 * value)
    return Lever(
        name=feature.name,
        label=label_of(feature.name),
        unit=SIGNS.get(feature.unit, ""),
        low=low,
        high=min(room, feature.high) if feature.high is not None else room,
        step=step,
        at=low + step * floor((value - low) / step + 0.5),
        shown=shown(feature.name, value),
    )


def changes_of(levers: Iterable[Lever], told: Mapping[str, str]) -> dict[str, float]:
    """The values that were moved, by feature; what is no number counts as not moved."""
    moved = {lever.name: _number(told.get(lever.name, "")) for lever in levers}
    return {
        lever.name: number
        for lever in levers
        if (number := moved[lever.name]) is not None and abs(number - lever.at) >= lever.step / 2
    }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
