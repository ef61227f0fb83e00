"""The catalogue: each feature of a lead, defined once, with how it is computed from a snapshot.

Pure: numpy and the standard library, no Django. `leads.snapshots` reads many dossiers as of many moments; the functions
here turn what it read into columns. Training and scoring use the same ones, so that what a model saw and what it is
shown cannot differ.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from leads.features import Column, Columns, Feature, Kind, Moments, distinct

MINUTE = np.timedelta64(60_000_000, "us")
DAY = np.timedelta64(86_400_000_000, "us")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS = np.array(DAYS, dtype=object)
Floats = NDArray[np.float64]
SHARE = "share"
"""The unit of a feature from 0 to 1 that linear models read as log-odds."""


@dataclass(frozen=True)
class Tally:
    """How often something had happened to each lead: arrays of length n."""

    count: Floats
    last_7_days: Floats
    first: Moments
    last: Moments

    @classmethod
    def none(cls, n: int) -> Tally:
        """Nothing has happened to any of n leads."""
        never = np.full(n, np.datetime64("NaT"), dtype="datetime64[us]")
        return cls(np.zeros(n), np.zeros(n), never.copy(), never.copy())


@dataclass(frozen=True)
class Snapshots:
    """n leads as they were known at n moments. Columns are arrays of length n; missing is NaN, NaT or None."""

    zone: ZoneInfo
    dossier: NDArray[np.int64]
    moment: Moments
    created_at: Moments
    source: Column
    source_score: Floats
    source_rate: Floats
    rate_7_days: Floats
    rate_30_days: Floats
    region: Column
    city: Column
    amount: Floats
    has_property: Floats
    property_price: Floats
    property_has_photos: Floats
    market_activity: Floats
    inbound: Tally
    outbound: Tally
    appointments: Tally
    last_event: Moments
    events: Mapping[str, Tally] = field(default_factory=dict)
    attributes: Mapping[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.dossier)

    @functools.cached_property
    def local_hour(self) -> Moments:
        """The hour of creation on the organisation's clocks, whose offset is looked up once for each quarter."""
        quarters, position = distinct(self.created_at.astype("datetime64[15m]"))
        instants = quarters.astype("datetime64[s]").tolist()
        offsets = [self.zone.utcoffset(each.replace(tzinfo=timezone.utc).astimezone(self.zone)) for each in instants]
        local = self.created_at + np.array(offsets, dtype="timedelta64[us]")[position]
        hours: Moments = local.astype("datetime64[h]")
        return hours


Compute = Callable[[Snapshots], Column]


@dataclass(frozen=True)
class Definition:
    """A feature together with its recipe."""

    feature: Feature
    compute: Compute


def _in(unit: np.timedelta64, spans: NDArray[Any]) -> Floats:
    return np.asarray(spans / unit, dtype=float)  # NaT becomes NaN


def _lead_source_score(s: Snapshots) -> Floats:
    return np.where(np.isnan(s.source_score), s.source_rate, s.source_score)


def _response_time_minutes(s: Snapshots) -> Floats:
    """From the first inbound message, or from creation where none came before the answer, to the first outbound."""
    first_in, first_out = s.inbound.first, s.outbound.first
    asked = np.where(first_in <= first_out, first_in, s.created_at)  # a comparison with NaT is false
    return np.maximum(_in(MINUTE, first_out - asked), 0.0)


def _created_weekday(s: Snapshots) -> Column:
    return WEEKDAYS[(s.local_hour.astype("datetime64[D]").astype(np.int64) + 3) % 7]  # 1970: Thursday


def _created_hour(s: Snapshots) -> Floats:
    return (s.local_hour.astype(np.int64) % 24).astype(float)


def _numeric(
    name: str,
    unit: str,
    meaning: str,
    compute: Compute,
    *,
    low: float | None = 0,
    high: float | None = None,
    influenceable: bool = False,
) -> Definition:
    return Definition(Feature(name, Kind.NUMERIC, unit, meaning, low, high, influenceable), compute)


def _boolean(name: str, meaning: str, compute: Compute) -> Definition:
    return Definition(Feature(name, Kind.BOOLEAN, "yes or no", meaning, 0, 1), compute)


def _category(name: str, meaning: str, compute: Compute) -> Definition:
    return Definition(Feature(name, Kind.CATEGORY, "one of several words", meaning), compute)


ELEVEN = (
    _numeric(
        "lead_source_score",
        "percent",
        "How good the lead's source is: the CRM's own score where it sends one, else the "
        "smoothed share of converted among this source's leads decided before the moment",
        _lead_source_score,
        high=100,
    ),
    _numeric(
        "response_time_minutes",
        "minutes",
        "From the first inbound message (from creation where none came before) to the "
        "first outbound one; empty while unanswered",
        _response_time_minutes,
        influenceable=True,
    ),
    _numeric(
        "inbound_messages_count", "messages", "Messages from the lead", lambda s: s.inbound.count, influenceable=True
    ),
    _numeric(
        "outbound_messages_count", "messages", "Messages to the lead", lambda s: s.outbound.count, influenceable=True
    ),
    _numeric(
        "appointments_count", "appointments", "Appointments made", lambda s: s.appointments.count, influenceable=True
    ),
    _boolean("has_property", "Whether a property is known", lambda s: s.has_property),
    _numeric("property_price", "currency", "Price of the property", lambda s: s.property_price),
    _boolean("property_has_photos", "Whether the property has photos", lambda s: s.property_has_photos),
    _numeric(
        "engagement_rate",
        "inbound per outbound",
        "Inbound over outbound messages, none outbound counting as one",
        lambda s: s.inbound.count / np.maximum(s.outbound.count, 1.0),
        influenceable=True,
    ),
    _numeric("days_since_creation", "days", "Age of the lead", lambda s: _in(DAY, s.moment - s.created_at)),
    _numeric(
        "market_activity_score",
        "percentile",
        "How busy the lead's city (or region) is: percentile, among the organisation's "
        "markets, of leads created there in the 30 days before",
        lambda s: s.market_activity,
        high=100,
    ),
)

BESIDE = (
    _category("source", "Where the lead came from", lambda s: s.source),
    _category("city", "City of the property", lambda s: s.city),
    _category("region", "Region of the lead", lambda s: s.region),
    _numeric("amount", "currency", "Amount that the lead asks for", lambda s: s.amount),
    _category("created_weekday", "Weekday of creation, in the organisation's time zone", _created_weekday),
    _numeric(
        "created_hour", "hour of the day", "Hour of creation, in the organisation's time zone", _created_hour, high=23
    ),
    _numeric(
        "inbound_messages_last_7_days",
        "messages",
        "Messages from the lead in the last 7 days",
        lambda s: s.inbound.last_7_days,
    ),
    _numeric(
        "outbound_messages_last_7_days",
        "messages",
        "Messages to the lead in the last 7 days",
        lambda s: s.outbound.last_7_days,
    ),
    _numeric(
        "appointments_last_7_days",
        "appointments",
        "Appointments made in the last 7 days",
        lambda s: s.appointments.last_7_days,
    ),
    _numeric(
        "days_since_last_event",
        "days",
        "Since anything last happened; empty where nothing has",
        lambda s: _in(DAY, s.moment - s.last_event),
    ),
)
LATELY = tuple(
    _numeric(
        f"conversion_rate_last_{days}_days",
        SHARE,
        f"Smoothed share of converted among all leads decided in the {days} days before the moment's day",
        compute,
        high=1,
    )
    for days, compute in ((7, lambda s: s.rate_7_days), (30, lambda s: s.rate_30_days))
)
FIXED = ELEVEN + BESIDE + LATELY
ELEVEN_FEATURES = tuple(definition.feature for definition in ELEVEN)
_FIXED_BY_NAME = {definition.feature.name: definition for definition in FIXED}


def _event_count(s: Snapshots, *, kind: str) -> Floats:
    return s.events[kind].count if kind in s.events else np.zeros(len(s))


def _event_last_7_days(s: Snapshots, *, kind: str) -> Floats:
    return s.events[kind].last_7_days if kind in s.events else np.zeros(len(s))


def _event_definitions(kind: str) -> tuple[Definition, Definition]:
    return (
        _numeric(f"events.{kind}.count", "events", f"Events of the kind {kind}", partial(_event_count, kind=kind)),
        _numeric(
            f"events.{kind}.last_7_days",
            "events",
            f"Events of the kind {kind} in the last 7 days",
            partial(_event_last_7_days, kind=kind),
        ),
    )


def _attribute(s: Snapshots, *, name: str, read: Callable[[Any, Any], Any], dtype: Any) -> Column:
    values = s.attributes.get(name)
    if values is None:
        return np.full(len(s), None if dtype is object else np.nan, dtype=dtype)
    return np.array([read(value, moment) for value, moment in zip(values, s.moment, strict=True)], dtype=dtype)


def _as_number(value: Any, _moment: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan


def _as_word(value: Any, _moment: Any) -> str | None:
    if _is_blank(value):
        return None
    # 5 and 5.0 are one number in JSON, so they are one word.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _as_days_before(value: Any, moment: Any) -> float:
    date = _date(value)
    return np.nan if date is None else float((moment - date) / DAY)


_READERS: dict[Kind, tuple[Callable[[Any, Any], Any], Any, str, str]] = {
    Kind.NUMERIC: (_as_number, float, "as sent", "Attribute {}"),
    Kind.BOOLEAN: (_as_number, float, "yes or no", "Attribute {}"),
    Kind.CATEGORY: (_as_word, object, "one of several words", "Attribute {}"),
    Kind.DATE: (_as_days_before, float, "days before the moment", "Days since the date in attribute {}"),
}


def _attribute_definition(name: str, kind: Kind) -> Definition:
    read, dtype, unit, meaning = _READERS[kind]
    bounds = (0.0, 1.0) if kind is Kind.BOOLEAN else (None, None)
    feature = Feature(f"attributes.{name}", kind, unit, meaning.format(name), *bounds)
    return Definition(feature, partial(_attribute, name=name, read=read, dtype=dtype))


def _date(value: Any) -> np.datetime64 | None:
    if not isinstance(value, str) or not 10 <= len(value) <= 35 or value[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    # By numpy, which has room before the year 1: there fall "no date" of many systems, read in UTC.
    return np.datetime64(moment.replace(tzinfo=None), "us") - np.timedelta64(moment.utcoffset() or timedelta(), "us")


def kind_of(values: Iterable[Any]) -> Kind | None:
    """What kind of feature an attribute with these JSON values is; None where it has no value at all."""
    known = [value for value in values if not _is_blank(value)]
    if not known:
        return None
    if all(isinstance(value, bool) for value in known):
        return Kind.BOOLEAN
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
        return Kind.NUMERIC
    return Kind.DATE if all(_date(value) is not None for value in known) else Kind.CATEGORY


def discover(snapshots: Snapshots) -> tuple[Feature, ...]:
    """The fixed features, and those that this organisation's events and attributes bring, in a stable order."""
    found = [definition.feature for definition in FIXED]
    for kind in sorted(snapshots.events):
        found += [definition.feature for definition in _event_definitions(kind)]
    for name in sorted(snapshots.attributes):
        kind_found = kind_of(snapshots.attributes[name])
        if kind_found is not None:
            found.append(_attribute_definition(name, kind_found).feature)
    return tuple(found)


def definition_of(feature: Feature) -> Definition:
    """The recipe of a feature that `discover` gave. Raises KeyError where the catalogue has none of that name."""
    return _definition(feature.name, feature.kind)


@functools.lru_cache(maxsize=4096)
def _definition(name: str, kind_of_value: Kind) -> Definition:
    if name in _FIXED_BY_NAME:
        return _FIXED_BY_NAME[name]
    room, _, rest = name.partition(".")
    if room == "attributes" and rest:
        return _attribute_definition(rest, kind_of_value)
    kind, _, part = rest.rpartition(".")
    if room == "events" and kind and part in ("count", "last_7_days"):
        return _event_definitions(kind)[part == "last_7_days"]
    raise KeyError(name)


def columns_of(snapshots: Snapshots, features: Iterable[Feature]) -> Columns:
    """The features' columns, n rows each. Raises KeyError where the catalogue has none of a feature's name."""
    return {feature.name: _definition(feature.name, feature.kind).compute(snapshots) for feature in features}
