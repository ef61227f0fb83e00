"""Leads whose true probability of converting is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leads.features import Feature, Kind, LabelledRows

SOURCES = np.array(["referral", "website", "portal", "fair", "cold call"], dtype=object)
SOURCE_EFFECT = np.array([0.9, 0.4, 0.0, -0.3, -0.8])
START = np.datetime64("2024-01-01T00:00:00", "us")
FEATURES = (
    Feature("response_time_minutes", Kind.NUMERIC, "minutes", "Time to the first answer", 0, None, influenceable=True),
    Feature("inbound_messages_count", Kind.NUMERIC, "messages", "Messages from the lead", 0, None, influenceable=True),
    Feature("appointments_count", Kind.NUMERIC, "appointments", "Appointments made", 0, None, influenceable=True),
    Feature("has_property", Kind.BOOLEAN, "yes or no", "Whether a property is known", 0, 1),
    Feature("source", Kind.CATEGORY, "one of several words", "Where the lead came from"),
    Feature("property_price", Kind.NUMERIC, "currency", "Price of the property", 0),
    Feature("market_activity_score", Kind.NUMERIC, "percentile", "How busy the market is", 0, 100),
    Feature("created_hour", Kind.NUMERIC, "hour of the day", "Hour of creation", 0, 23),
    Feature("events.always_the_same.count", Kind.NUMERIC, "as sent", "A feature that never varies"),
)


def leads(n: int, *, seed: int, snapshots: int = 1, contrast: float = 1.0) -> tuple[LabelledRows, NDArray[np.float64]]:
    """n leads, oldest first, in so many rows each, and each row's true probability.

    `contrast` multiplies how far leads differ in log-odds: 1 is hard to tell apart (ROC-AUC 0.76), 2 easy (0.88).
    """
    rng = np.random.default_rng(seed)
    source = rng.integers(0, len(SOURCES), n)
    response, messages = rng.exponential(240, n), rng.poisson(2.5, n).astype(float)
    appointments, has_property = rng.poisson(0.5, n).astype(float), (rng.random(n) < 0.6).astype(float)
    activity, unanswered = rng.uniform(0, 100, n), rng.random(n) < 0.1
    z = -2.3 + SOURCE_EFFECT[source] - 0.0015 * np.minimum(response, 900) + 0.25 * np.minimum(messages, 8)
    z += 0.9 * np.minimum(appointments, 3) + 0.4 * has_property + 0.006 * activity - 0.8 * unanswered
    truth = 1 / (1 + np.exp(-(contrast * (z + 1.3) - 1.3)))
    price = np.where(has_property == 1, rng.lognormal(12.4, 0.4, n), np.nan)
    words = np.where(rng.random(n) < 0.05, None, SOURCES[source])
    columns = {
        "response_time_minutes": np.where(unanswered, np.nan, response),
        "inbound_messages_count": messages,
        "appointments_count": appointments,
        "has_property": has_property,
        "source": words,
        "property_price": price,
        "market_activity_score": activity,
        "created_hour": rng.integers(0, 24, n).astype(float),
        "events.always_the_same.count": np.full(n, 3.0),
    }
    created = START + (np.arange(n) * np.timedelta64(90, "m")).astype("timedelta64[us]")
    rows = LabelledRows(
        FEATURES,
        columns,
        converted=rng.random(n) < truth,
        weight=np.ones(n),
        dossier=np.arange(1, n + 1),
        created_at=created,
        moment=created + np.timedelta64(1, "D"),
    )
    return _repeated(rows, snapshots), np.repeat(truth, snapshots)


def _repeated(rows: LabelledRows, snapshots: int) -> LabelledRows:
    many = rows.take(np.repeat(np.arange(len(rows)), snapshots))
    return replace(many, weight=many.weight / snapshots)
