"""The features that every organisation has: the eleven of the contract, those beside them, and the rates of late.

Pure: numpy and the standard library, no Django.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from leads.features import Column
from leads.recipes import DAY, MINUTE, Snapshots, boolean, category, numeric

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS = np.array(DAYS, dtype=object)
SHARE = "share"
"""The unit of a feature from 0 to 1 that linear models read as log-odds."""


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


ELEVEN = (
    numeric(
        "lead_source_score",
        "percent",
        "How good the lead's source is: the CRM's own score where it sends one, else the "
        "smoothed share of converted among this source's leads decided before the moment",
        _lead_source_score,
        high=100,
    ),
    numeric(
        "response_time_minutes",
        "minutes",
        "From the first inbound message (from creation where none came before) to the "
        "first outbound one; empty while unanswered",
        _response_time_minutes,
        influenceable=True,
    ),
    numeric(
        "inbound_messages_count", "messages", "Messages from the lead", lambda s: s.inbound.count, influenceable=True
    ),
    numeric(
        "outbound_messages_count", "messages", "Messages to the lead", lambda s: s.outbound.count, influenceable=True
    ),
    numeric(
        "appointments_count", "appointments", "Appointments made", lambda s: s.appointments.count, influenceable=True
    ),
    boolean("has_property", "Whether a property is known", lambda s: s.has_property),
    numeric("property_price", "currency", "Price of the property", lambda s: s.property_price),
    boolean("property_has_photos", "Whether the property has photos", lambda s: s.property_has_photos),
    numeric(
        "engagement_rate",
        "inbound per outbound",
        "Inbound over outbound messages, none outbound counting as one",
        lambda s: s.inbound.count / np.maximum(s.outbound.count, 1.0),
        influenceable=True,
    ),
    numeric("days_since_creation", "days", "Age of the lead", lambda s: _in(DAY, s.moment - s.created_at)),
    numeric(
        "market_activity_score",
        "percentile",
        "How busy the lead's city (or region) is: percentile, among the organisation's "
        "markets, of leads created there in the 30 days before",
        lambda s: s.market_activity,
        high=100,
    ),
)

BESIDE = (
    category("source", "Where the lead came from", lambda s: s.source),
    category("city", "City of the property", lambda s: s.city),
    category("region", "Region of the lead", lambda s: s.region),
    numeric("amount", "currency", "Amount that the lead asks for", lambda s: s.amount),
    category("created_weekday", "Weekday of creation, in the organisation's time zone", _created_weekday),
    numeric(
        "created_hour", "hour of the day", "Hour of creation, in the organisation's time zone", _created_hour, high=23
    ),
    numeric(
        "inbound_messages_last_7_days",
        "messages",
        "Messages from the lead in the last 7 days",
        lambda s: s.inbound.last_7_days,
    ),
    numeric(
        "outbound_messages_last_7_days",
        "messages",
        "Messages to the lead in the last 7 days",
        lambda s: s.outbound.last_7_days,
    ),
    numeric(
        "appointments_last_7_days",
        "appointments",
        "Appointments made in the last 7 days",
        lambda s: s.appointments.last_7_days,
    ),
    numeric(
        "days_since_last_event",
        "days",
        "Since anything last happened; empty where nothing has",
        lambda s: _in(DAY, s.moment - s.last_event),
    ),
)
LATELY = tuple(
    numeric(
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
