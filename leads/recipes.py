"""What feature recipes work on and are: snapshots (n leads as known at n moments), and a feature with its computation.

Pure: numpy and the standard library, no Django.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timezone
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Moments
from leads.features import Column, Feature, Kind, distinct

MINUTE = np.timedelta64(60_000_000, "us")
DAY = np.timedelta64(86_400_000_000, "us")
NEVER = np.datetime64("NaT", "us")


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
        counts, moments = np.zeros((2, n)), np.empty((2, n), dtype="datetime64[us]")
        moments.fill(NEVER)
        return cls(counts[0], counts[1], moments[0], moments[1])


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

    @property
    def worth(self) -> Floats:
        """What each lead is worth if it converts: its property's price, else the amount it asks for; NaN if unknown."""
        return np.where(np.isnan(self.property_price), self.amount, self.property_price)

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


def numeric(
    name: str, unit: str, meaning: str, compute: Compute, *, high: float | None = None, influenceable: bool = False
) -> Definition:
    """A feature that is a number from 0 to `high` (None: unbounded)."""
    return Definition(Feature(name, Kind.NUMERIC, unit, meaning, 0, high, influenceable), compute)


def boolean(name: str, meaning: str, compute: Compute) -> Definition:
    """A feature that is yes or no."""
    return Definition(Feature(name, Kind.BOOLEAN, "yes or no", meaning, 0, 1), compute)


def category(name: str, meaning: str, compute: Compute) -> Definition:
    """A feature that is a word."""
    return Definition(Feature(name, Kind.CATEGORY, "one of several words", meaning), compute)
