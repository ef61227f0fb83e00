"""Training rows: leads as they were at several ages, and what became of each within the horizon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from common.arrays import Floats
from leads import snapshots
from leads.catalogue import Snapshots, columns_of, discover
from leads.cohorts import LARGEST_FACTOR, Labels, censoring_factors, newest
from leads.differences import PROMPT
from leads.features import Feature, LabelledRows
from leads.foreknowledge import availability_of
from leads.models import Organisation
from leads.seen import LeadGone

# A lead of an adopted CRM table counts as recorded at its creation; when we first saw it is told by its first step.
HISTORIES = """
SELECT d.id, d.created_at, o.converted, coalesce(o.is_exact, false), greatest(o.occurred_at, d.created_at),
       least(greatest(d.recorded_at, first.seen_at), %(until)s)
FROM dossier d
LEFT JOIN lead_outcome o ON o.dossier_id = d.id AND o.superseded_at IS NULL AND o.occurred_at <= %(until)s
LEFT JOIN LATERAL (
    SELECT changed_at AS seen_at FROM lead_status_change
    WHERE dossier_id = d.id AND from_status = '' AND NOT is_exact ORDER BY id LIMIT 1) AS first ON true
WHERE d.org_id = %(org_id)s AND d.created_at >= %(since)s AND d.created_at <= %(until)s
ORDER BY d.created_at, d.id
"""
EQUAL = "equal"
CHUNK = 50_000
"""Pairs that one statement reads, so that memory does not grow with its parameters."""
TRIES = 3


@dataclass(frozen=True)
class History:
    """A lead's life as far as training needs it.

    `heard_at` is set where the lead was first told long after its creation and nobody knows how long it had been
    undecided by then: it is when it was told. Such a lead is known as it was at its creation, and from `heard_at` on.
    """

    dossier: int
    created_at: datetime
    converted: bool | None
    is_exact: bool
    decided_at: datetime | None
    heard_at: datetime | None = None

    def is_censored_at(self, moment: datetime, horizon: timedelta, until: datetime) -> bool:
        """Whether it is still undecided, and was observed for less than the horizon from the moment."""
        return self.decided_at is None and self._is_followed_at(moment) and moment <= until < moment + horizon

    def label_at(self, moment: datetime, *, horizon: timedelta, until: datetime) -> bool | None:
        """Whether it converted within the horizon of the moment; None where that is not known or was known already.

        An undecided lead that has not been observed for the whole horizon is censored, not lost.
        """
        if moment > until or not self._is_followed_at(moment):
            return None
        if self.decided_at is None:
            return False if moment + horizon <= until else None
        if not self.is_exact:
            return bool(self.converted)
        if self.decided_at <= moment and not self._decided_at_creation(moment):
            return None
        return bool(self.converted) and self.decided_at <= moment + horizon

    def was_open_at(self, moment: datetime) -> bool:
        """Whether it is known to have been undecided then."""
        return self._is_followed_at(moment) and (self.decided_at is None or self.decided_at > moment)

    def _is_followed_at(self, moment: datetime) -> bool:
        # Where the time of a decision is unknown, nothing is known between creation and first report. So nothing may be
        # taken there of undecided leads from the same report, either: those would be the ones that never convert.
        if moment == self.created_at:
            return True
        is_timed = self.decided_at is None or self.is_exact
        return is_timed and (self.heard_at is None or moment >= self.heard_at)

    def _decided_at_creation(self, moment: datetime) -> bool:
        # A lead that arrives already decided counts once, as it was at its creation.
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
        rows = cursor.fetchall()
    lives = [
        History(dossier, created, converted, is_exact, None if converted is None else decided, _late(created, told))
        for dossier, created, converted, is_exact, decided, told in rows
    ]
    return [replace(life, heard_at=None) if life.heard_at else life for life in lives] if _have_times(lives) else lives


def _late(created_at: datetime, told_at: datetime) -> datetime | None:
    return told_at if told_at - created_at > PROMPT else None


def _have_times(lives: list[History]) -> bool:
    """Whether the source knows when leads were decided: of those told after their decision, most came with its time.

    Then a lead that was told as undecided is known to have been undecided until it was told. All leads are asked
    together, because an undecided lead looks the same from a source that knows the times of decisions and from one that
    does not.
    """
    late = [life for life in lives if life.decided_at and life.heard_at and life.decided_at <= life.heard_at]
    return 2 * sum(life.is_exact for life in late) >= len(late)


def count(org: Organisation, *, since: datetime, until: datetime) -> Counts:
    """How many leads could be learnt from: those whose fate within the horizon of their creation is known."""
    lives = histories(org, since=since, until=until)
    labels = [life.label_at(life.created_at, horizon=org.horizon, until=until) for life in lives]
    return Counts(len(lives), sum(label is not None for label in labels), sum(label is True for label in labels))


def training_rows(
    org: Organisation,
    *,
    since: datetime,
    until: datetime,
    ages: tuple[float, ...] | None = None,
    labels: str = Labels.CENSORED,
) -> LabelledRows:
    """Snapshots of the period's leads at several ages (days), oldest lead first.

    A lead weighs 1 on average, times the inverse-probability-of-censoring factors of its snapshots (`leads.cohorts`).
    With `labels="decided"` only snapshots that were decided, or observed for the whole horizon, count, and nothing
    makes up for the rest. Begins anew where leads are forgotten while they are read.
    """
    for _ in range(TRIES - 1):
        with suppress(LeadGone):
            return _training_rows(org, since=since, until=until, ages=ages, labels=labels)
    return _training_rows(org, since=since, until=until, ages=ages, labels=labels)


def _training_rows(
    org: Organisation, *, since: datetime, until: datetime, ages: tuple[float, ...] | None, labels: str
) -> LabelledRows:
    taken = _snapshots(org, since=since, until=until, ages=ages or tuple(settings.ML_SNAPSHOT_AGES_DAYS))
    weight = _plain(taken) if labels == Labels.DECIDED else _weighed(taken)
    kept = [(each, float(mass)) for each, mass in zip(taken, weight, strict=True) if mass > 0.0]
    kept.sort(key=lambda pair: (pair[0].life.created_at, pair[0].life.dossier, pair[0].moment))
    dossiers = np.array([each.life.dossier for each, _ in kept], dtype=np.int64)
    features, columns = _read(org, dossiers, [each.moment for each, _ in kept])
    availability, later = availability_of(org)
    return LabelledRows(
        features=features,
        columns=columns,
        converted=np.array([each.label for each, _ in kept], dtype=bool),
        weight=np.array([mass for _, mass in kept], dtype=np.float64),
        dossier=dossiers,
        created_at=snapshots.microseconds(each.life.created_at for each, _ in kept),
        moment=snapshots.microseconds(each.moment for each, _ in kept),
        availability=availability,
        later=later,
        labelling={"horizon_days": org.horizon_days, **_told(labels, taken, weight)},
    )


@dataclass(frozen=True)
class Snapshot:
    """A lead at an age at which it was still undecided. `label` is None where it is censored.

    `followed`: days to its decision, the end of its horizon or the end of the records, whichever came first. `settled`:
    its label is known, and so are those of all leads created before it, at this age.
    """

    life: History
    age: float
    moment: datetime
    label: bool | None
    followed: float
    settled: bool


def _snapshots(org: Organisation, *, since: datetime, until: datetime, ages: tuple[float, ...]) -> list[Snapshot]:
    lives = histories(org, since=since, until=until)
    return [each for age in ages for each in _snapshots_at(age, lives, org.horizon, until)]


def _snapshots_at(age: float, lives: list[History], horizon: timedelta, until: datetime) -> Iterator[Snapshot]:
    moments = [life.created_at + timedelta(days=age) for life in lives]
    undecided = [life.is_censored_at(moment, horizon, until) for life, moment in zip(lives, moments, strict=True)]
    end = min((life.created_at for life, is_so in zip(lives, undecided, strict=True) if is_so), default=None)
    for life, moment, censored in zip(lives, moments, undecided, strict=True):
        label = life.label_at(moment, horizon=horizon, until=until)
        if label is not None or censored:
            followed = min((life.decided_at or until) - moment, horizon) / timedelta(days=1)
            yield Snapshot(life, age, moment, label, followed, not censored and (end is None or life.created_at < end))


def _plain(taken: list[Snapshot]) -> Floats:
    known = np.array([each.label is not None for each in taken], dtype=bool)
    return np.where(known, _shares(_dossiers(taken), among=known), 0.0)


def _weighed(taken: list[Snapshot]) -> Floats:
    """The weight of each snapshot, (n,).

    A model is measured on the newest leads, and among these no weight can make up for slow conversions where nobody was
    observed to the end. So the newest leads that are settled are taken for measuring, in their settled snapshots,
    unweighted; of the older ones, each snapshot is weighted for the censored ones that it represents. Where too few
    leads are settled, all of them are weighted together.
    """
    dossiers, settled = _dossiers(taken), np.array([each.settled for each in taken], dtype=bool)
    old_enough = np.isin(dossiers, dossiers[settled])
    if not _enough(taken, settled):
        return _shares(dossiers) * _factors(taken, np.ones(len(taken), dtype=bool))
    created = snapshots.microseconds(each.life.created_at for each in taken)
    measured = np.isin(dossiers, newest(dossiers[settled], created[settled]))
    return _shares(dossiers) * np.where(measured, settled, _factors(taken, old_enough & ~measured))


def _enough(taken: list[Snapshot], settled: NDArray[np.bool_]) -> bool:
    fates = {each.life.dossier: each.label for each, is_so in zip(taken, settled, strict=True) if is_so}
    return len(fates) >= settings.ML_MIN_RECORDS and len(set(fates.values())) == 2


def _factors(taken: list[Snapshot], among: NDArray[np.bool_]) -> Floats:
    """The inverse-probability-of-censoring factors of the snapshots `among`, age by age, (n,); 0 for the others."""
    age, followed = np.array([each.age for each in taken]), np.array([each.followed for each in taken])
    censored = np.array([each.label is None for each in taken], dtype=bool)
    factors = np.zeros(len(taken))
    for at in np.unique(age):
        rows = among & (age == at)
        factors[rows] = censoring_factors(followed[rows], censored[rows])
    return factors


def _dossiers(taken: list[Snapshot]) -> NDArray[np.int64]:
    return np.array([each.life.dossier for each in taken], dtype=np.int64)


def _shares(dossiers: NDArray[np.int64], *, among: NDArray[np.bool_] | None = None) -> Floats:
    """The weight of each snapshot before censoring, (n,): the same for all, or one over the number of its lead's.

    Either way a lead weighs 1 on average. How many snapshots a lead has depends on what became of it: were each lead to
    weigh 1 in all, that would bias the conversion rate at each age (ADR 6).
    """
    _, position = np.unique(dossiers, return_inverse=True)
    times = np.bincount(position, weights=among)
    if settings.ML_SNAPSHOT_WEIGHTS == EQUAL:
        return np.full(len(dossiers), np.count_nonzero(times) / max(float(times.sum()), 1.0))
    return np.asarray(1.0 / np.maximum(times[position], 1.0))


def _told(labels: str, taken: list[Snapshot], weight: Floats) -> dict[str, Any]:
    """How the labels were made, as plain data for the card."""
    censored = sum(each.label is None for each in taken)
    factor = weight / _shares(_dossiers(taken)) if labels == Labels.CENSORED and taken else np.ones(len(taken))
    return {
        "labels": str(labels),
        "snapshots": len(taken),
        "undecided": censored,
        "too_young": int((weight == 0.0).sum()) - censored,
        "largest_factor": float(factor.max(initial=1.0)),
        "capped": int((factor > LARGEST_FACTOR - 1e-9).sum()),
        "told_late": len({each.life.dossier for each in taken if each.life.heard_at is not None}),
    }


def _read(
    org: Organisation, dossiers: NDArray[np.int64], moments: list[datetime]
) -> tuple[tuple[Feature, ...], dict[str, Any]]:
    parts = snapshots.take_in_parts(org, dossiers, moments, size=CHUNK, connections=settings.ML_TRAINING_JOBS)
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
