"""Training rows: leads as they were at several ages, and what became of each within the horizon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from leads import snapshots
from leads.catalogue import Snapshots, columns_of, discover
from leads.features import Feature, LabelledRows
from leads.models import Organisation

HISTORIES = """
SELECT d.id, d.created_at, o.converted, o.is_exact, greatest(o.occurred_at, d.created_at), o.occurred_at IS NOT NULL
FROM dossier d
LEFT JOIN lead_outcome o ON o.dossier_id = d.id AND o.superseded_at IS NULL AND o.occurred_at <= %(until)s
WHERE d.org_id = %(org_id)s AND d.created_at >= %(since)s AND d.created_at <= %(until)s
ORDER BY d.created_at, d.id
"""
CHUNK = 50_000
"""Pairs that are read at once, so that memory does not grow with the statement's parameters."""


@dataclass(frozen=True)
class History:
    """A lead's life as far as training needs it."""

    dossier: int
    created_at: datetime
    converted: bool | None
    is_exact: bool
    decided_at: datetime | None

    def is_censored_at(self, moment: datetime, horizon: timedelta, until: datetime) -> bool:
        """Whether it is still undecided, and was not observed for the whole horizon of the moment: nobody can say."""
        return self.decided_at is None and moment <= until < moment + horizon

    def label_at(self, moment: datetime, *, horizon: timedelta, until: datetime) -> bool | None:
        """Whether it converted within the horizon of the moment; None where that is not known or was known already.

        An undecided lead that has not been observed for the whole horizon is censored, not lost.
        """
        if moment > until:
            return None
        if self.decided_at is None:
            return False if moment + horizon <= until else None
        if not self.is_exact:
            return bool(self.converted) if moment == self.created_at else None
        if self.decided_at <= moment and not self._decided_at_creation(moment):
            return None
        return bool(self.converted) and self.decided_at <= moment + horizon

    def _decided_at_creation(self, moment: datetime) -> bool:
        # A lead that arrives decided is still a lead: it counts once, as it came in.
        return moment == self.created_at == self.decided_at


@dataclass(frozen=True)
class Counts:
    """What there is to learn from."""

    leads: int
    usable: int
    converted: int

    def to_json(self) -> dict[str, int]:
        """Plain numbers, for an answer or a card."""
        return {
            "leads": self.leads,
            "usable": self.usable,
            "converted": self.converted,
            "lost": self.usable - self.converted,
        }


def histories(org: Organisation, *, since: datetime, until: datetime) -> list[History]:
    """The leads created in the period, and what was known of their outcome at its end. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(HISTORIES, {"org_id": org.org_id, "since": since, "until": until})
        return [
            History(dossier, created, converted, bool(is_exact), decided if is_decided else None)
            for dossier, created, converted, is_exact, decided, is_decided in cursor.fetchall()
        ]


def count(org: Organisation, *, since: datetime, until: datetime) -> Counts:
    """How many leads could be learnt from: those whose fate within the horizon of their creation is known."""
    lives = histories(org, since=since, until=until)
    labels = [life.label_at(life.created_at, horizon=org.horizon, until=until) for life in lives]
    return Counts(len(lives), sum(label is not None for label in labels), sum(label is True for label in labels))


def training_rows(
    org: Organisation, *, since: datetime, until: datetime, ages: tuple[float, ...] | None = None
) -> LabelledRows:
    """Snapshots of the period's leads at several ages (days), each lead weighing 1 in all, oldest lead first."""
    lives = histories(org, since=since, until=until)
    pairs = _labelled_pairs(org, lives, until, ages or tuple(settings.ML_SNAPSHOT_AGES_DAYS))
    dossiers = np.array([life.dossier for life, _, _ in pairs], dtype=np.int64)
    features, columns = _read(org, dossiers, [moment for _, moment, _ in pairs])
    return LabelledRows(
        features=features,
        columns=columns,
        converted=np.array([label for _, _, label in pairs], dtype=bool),
        weight=_weights(dossiers),
        dossier=dossiers,
        created_at=snapshots.microseconds(life.created_at for life, _, _ in pairs),
        moment=snapshots.microseconds(moment for _, moment, _ in pairs),
    )


Pair = tuple[History, datetime, bool]


def _labelled_pairs(org: Organisation, lives: list[History], until: datetime, ages: tuple[float, ...]) -> list[Pair]:
    """The snapshots of leads as old as the last whose fate is known for all; where these are too few, of younger ones.

    Beyond the first lead that is still undecided only quick decisions are known: taking them would flatter the rate.
    """
    everything = [pair for age in ages for pair in _pairs_at(timedelta(days=age), org, lives, until, whole=False)]
    whole = [pair for age in ages for pair in _pairs_at(timedelta(days=age), org, lives, until, whole=True)]
    fates = {life.dossier: label for life, _, label in whole}
    enough = len(fates) >= settings.ML_MIN_RECORDS and len(set(fates.values())) == 2
    return sorted(whole if enough else everything, key=lambda pair: (pair[0].created_at, pair[0].dossier, pair[1]))


def _pairs_at(
    age: timedelta, org: Organisation, lives: list[History], until: datetime, *, whole: bool
) -> Iterator[Pair]:
    horizon = org.horizon
    censored = (life.created_at for life in lives if life.is_censored_at(life.created_at + age, horizon, until))
    end = min(censored, default=None) if whole else None
    for life in lives:
        label = life.label_at(life.created_at + age, horizon=horizon, until=until)
        if label is not None and (end is None or life.created_at < end):
            yield life, life.created_at + age, label


def _weights(dossiers: NDArray[np.int64]) -> NDArray[np.float64]:
    _, position, times = np.unique(dossiers, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / times[position])


def _read(
    org: Organisation, dossiers: NDArray[np.int64], moments: list[datetime]
) -> tuple[tuple[Feature, ...], dict[str, Any]]:
    parts = [
        snapshots.take(org, dossiers[at : at + CHUNK].tolist(), moments[at : at + CHUNK])
        for at in range(0, max(len(dossiers), 1), CHUNK)
    ]
    features = discover(_joined(parts))
    columns = [columns_of(part, features) for part in parts]
    return features, {f.name: np.concatenate([part[f.name] for part in columns]) for f in features}


def _joined(parts: list[Snapshots]) -> Snapshots:
    """One part that shows every kind of event and every attribute value of all, for `discover`."""
    if len(parts) == 1:
        return parts[0]
    events = {kind: tally for part in parts for kind, tally in part.events.items()}
    names = {name for part in parts for name in part.attributes}
    attributes = {
        name: np.concatenate([part.attributes[name] for part in parts if name in part.attributes]) for name in names
    }
    fields = {**vars(parts[0]), "events": events, "attributes": attributes}
    return Snapshots(**fields)
