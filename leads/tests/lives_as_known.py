"""What is known of the demonstration's lives at moments of them: the catalogue's columns, without a database. Pure."""

from __future__ import annotations

import numpy as np

from common.arrays import Bools, Floats
from leads.demo import world
from leads.demo.lives import DAY, MINUTE, Attribute, Happenings, Ints, Lives
from leads.features import Column, Columns

_APART = np.int64(2**41)
"""Longer than any life, so that (lead, time) is one number."""


def as_known(lives: Lives, leads: Ints, ages: Ints) -> Columns:
    """The columns that the true probability needs, of leads (positions, shape (k,)) at ages (seconds, shape (k,))."""
    answered = lives.answered[leads]
    is_shown = lives.property_at[leads] <= ages
    return {
        "days_since_creation": ages / DAY,
        "source": lives.source[leads],
        "region": lives.region[leads],
        "city": _or_none(is_shown, lives.city[leads]),
        "property_price": np.where(is_shown, lives.price[leads], np.nan),
        "property_has_photos": np.where(is_shown, lives.has_photos[leads], np.nan),
        "response_time_minutes": np.where(answered <= ages, answered / MINUTE, np.nan),
        "inbound_messages_count": 1 + _count(lives.streams["inbound"], leads, ages),
        "appointments_count": _count(lives.streams["appointments"], leads, ages),
        **{f"events.{kind}.count": _count(lives.streams[kind], leads, ages) for kind in world.OWN_KINDS},
        **_attributes(lives, leads, ages),
    }


def is_undecided(lives: Lives, leads: Ints, ages: Ints) -> Bools:
    """Whether each lead is undecided at its age."""
    return lives.decided[leads] > ages


def _count(happenings: Happenings, leads: Ints, ages: Ints) -> Floats:
    moments = np.sort(happenings.lead * _APART + happenings.at)
    until = np.searchsorted(moments, leads * _APART + ages, "right")
    return (until - np.searchsorted(moments, leads * _APART, "left")).astype(float)


def _attributes(lives: Lives, leads: Ints, ages: Ints) -> dict[str, Column]:
    told = {name: _told(attribute, leads, ages) for name, attribute in lives.attributes.items()}
    midnights = np.array(told["wanted_from"], dtype="datetime64[D]").astype("datetime64[s]")
    moments = (lives.created[leads] + ages).astype("datetime64[s]")
    return {
        "attributes.financing": told["financing"],
        "attributes.first_time_buyer": told["first_time_buyer"].astype(float),
        "attributes.budget": told["budget"].astype(float),
        "attributes.wanted_from": (moments - midnights) / np.timedelta64(DAY, "s"),
    }


def _told(attribute: Attribute, leads: Ints, ages: Ints) -> Column:
    return _or_none(attribute.at[leads] <= ages, attribute.value[leads])


def _or_none(is_known: Bools, values: Column) -> Column:
    return np.array([value if known else None for known, value in zip(is_known, values, strict=True)], dtype=object)
