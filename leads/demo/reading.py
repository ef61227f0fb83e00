"""The true probability of the demonstration's leads, recomputed from the tables; it is stored nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from common.arrays import Floats
from leads import snapshots
from leads.catalogue import columns_of
from leads.demo.truth import true_probability
from leads.demo.world import OWN_KINDS
from leads.features import Columns, Feature, Kind
from leads.models import Organisation, Outcome


def _feature(name: str, kind: Kind = Kind.NUMERIC) -> Feature:
    return Feature(name, kind, "", "")


READ = (
    *map(
        _feature,
        (
            "days_since_creation",
            "source",
            "region",
            "city",
            "property_price",
            "property_has_photos",
            "response_time_minutes",
            "inbound_messages_count",
            "appointments_count",
            "attributes.budget",
        ),
    ),
    *(_feature(f"events.{kind}.count") for kind in OWN_KINDS),
    _feature("attributes.financing", Kind.CATEGORY),
    _feature("attributes.first_time_buyer", Kind.BOOLEAN),
    _feature("attributes.wanted_from", Kind.DATE),
)
"""The features of the catalogue that the true probability is a function of."""


def known_of(org: Organisation, dossiers: Sequence[int], moments: Sequence[datetime]) -> Columns:
    """The catalogue's columns that the true probability reads, of dossiers (surrogate keys) at moments, pair by pair.

    Raises KeyError where a dossier does not exist in the organisation.
    """
    return columns_of(snapshots.take(org, dossiers, moments), READ)


def truth_of(org: Organisation, dossiers: Sequence[int], moments: Sequence[datetime]) -> Floats:
    """The true probability, shape (n,), that each dossier (surrogate key) converts within the horizon of its moment.

    NaN where it was decided by then: nothing is left to predict. Raises KeyError as `known_of`.
    """
    decided = dict(Outcome.objects.current().filter(dossier__in=set(dossiers)).values_list("dossier_id", "occurred_at"))
    is_open = [key not in decided or moment < decided[key] for key, moment in zip(dossiers, moments, strict=True)]
    columns = known_of(org, dossiers, moments)
    return np.where(is_open, true_probability(columns, horizon_days=org.horizon_days), np.nan)
