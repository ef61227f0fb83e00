"""Leads and events as plain values, as the API or a file gives them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

Scalar = str | float | int | bool | None

MAX_WORD = 200
MAX_TEXT = 1_000
MAX_ATTRIBUTES = 500
MAX_NUMBER = 1e300
MESSAGE, APPOINTMENT = "message", "appointment"
FIRST_STATUS = "NEW"


@dataclass(frozen=True, slots=True)
class PropertyRecord:
    """What the lead is interested in."""

    price: float | None = None
    has_photos: bool | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """A whole lead, as it was sent: what is left out is no longer so.

    `status` None leaves the status as it is (`NEW` for a new lead). `availability` is what an import's mapping says of
    its attributes; `status_at` the time of the status where the source knows it; `revenue` what the outcome brought, in
    the organisation's currency.
    """

    number: int
    status: str | None
    created_at: datetime
    source: str | None = None
    source_score: float | None = None
    owner: str | None = None
    region: str | None = None
    amount: float | None = None
    property: PropertyRecord | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    availability: Mapping[str, str] = field(default_factory=dict)
    status_at: datetime | None = None
    revenue: Decimal | None = None


class EventRecord(NamedTuple):
    """Something that happened to the lead `number`. A tuple, since they come by the million.

    `recorded_at` None means that it was known at once. `status` is the status that the lead took with this event, where
    the event is such a step.
    """

    number: int
    kind: str
    occurred_at: datetime
    direction: str | None = None
    external_id: str | None = None
    recorded_at: datetime | None = None
    scheduled_for: datetime | None = None
    properties: Mapping[str, Any] | None = None
    is_outcome_echo: bool = False
    status: str | None = None


def same_value(left: Scalar, right: Scalar) -> bool:
    """Whether two attribute values are the same: 1 and 1.0 are, 1 and true are not."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def problem_with_name(name: str) -> str | None:
    """Why a text cannot name an attribute; None where it can."""
    if not name.strip():
        return "an attribute's name may not be empty."
    if len(name) > MAX_WORD:
        return f"an attribute's name has at most {MAX_WORD} characters."
    return "an attribute's name may not begin with @." if name.startswith("@") else None


def problem_with_value(value: Any) -> str | None:
    """Why a value cannot be an attribute's; None where it can."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if len(value) <= MAX_TEXT else f"a text has at most {MAX_TEXT} characters."
    if isinstance(value, (int, float)):
        is_storable = -MAX_NUMBER < value < MAX_NUMBER and not math.isnan(value)
        return None if is_storable else "a number must be finite and below 1e300."
    return "must be a number, true, false, a text or null."


def is_storable(part: Any) -> bool:
    """Whether the database keeps a value of JSON: objects and arrays, too, whose numbers are finite and below 1e300."""
    if isinstance(part, Mapping):
        return all(is_storable(value) for value in part.values())
    if isinstance(part, list):
        return all(is_storable(value) for value in part)
    if isinstance(part, (int, float)):
        return -MAX_NUMBER < part < MAX_NUMBER and not math.isnan(part)
    return True
