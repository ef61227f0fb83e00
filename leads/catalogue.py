"""The catalogue: each feature of a lead, defined once, with how it is computed from a snapshot.

Pure: numpy and the standard library, no Django. `leads.snapshots` reads many dossiers as of many moments; the functions
here turn what it read into columns. Training and scoring use the same ones, so that what a model saw and what it is
shown cannot differ. Here are those that an organisation's own events and attributes bring, and the look-up of all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from common.arrays import Floats
from leads.features import Column, Columns, Feature, Kind
from leads.fixed_features import ELEVEN_FEATURES, FIXED, LATELY, SHARE
from leads.recipes import DAY, MINUTE, Definition, Snapshots, Tally, numeric

__all__ = [
    "ELEVEN_FEATURES",
    "FIXED",
    "LATELY",
    "MINUTE",
    "SHARE",
    "Snapshots",
    "Tally",
    "columns_of",
    "definition_of",
    "discover",
    "kind_of",
]

_FIXED_BY_NAME = {definition.feature.name: definition for definition in FIXED}


def _event_count(s: Snapshots, *, kind: str) -> Floats:
    return s.events[kind].count if kind in s.events else np.zeros(len(s))


def _event_last_7_days(s: Snapshots, *, kind: str) -> Floats:
    return s.events[kind].last_7_days if kind in s.events else np.zeros(len(s))


def _event_definitions(kind: str) -> tuple[Definition, Definition]:
    return (
        numeric(f"events.{kind}.count", "events", f"Events of the kind {kind}", partial(_event_count, kind=kind)),
        numeric(
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
