"""The outcomes of leads within the horizon of a moment, by the same definition as the labels of training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from common.arrays import Moments
from leads.labelled import History
from leads.models import Organisation

LIVES = """
SELECT d.id, d.created_at, o.converted, o.is_exact, greatest(o.occurred_at, d.created_at)
FROM dossier d
LEFT JOIN lead_outcome o ON o.dossier_id = d.id AND o.superseded_at IS NULL AND o.occurred_at <= %(until)s
WHERE d.org_id = %(org_id)s AND d.id = ANY(%(dossiers)s)
"""


@dataclass(frozen=True)
class Predicted:
    """n leads, the probability that each was given, and the moment as of which the lead was read; each (n,)."""

    dossier: NDArray[np.int64]
    probability: NDArray[np.float64]
    moment: Moments

    def __len__(self) -> int:
        return len(self.dossier)


@dataclass(frozen=True)
class Judged:
    """Those whose outcome within the horizon is known, with that outcome."""

    said: Predicted
    converted: NDArray[np.bool_]


def judge(org: Organisation, said: Predicted, *, at: datetime) -> Judged:
    """Whose outcome within the horizon is known at `at`, and what it was. One statement."""
    labels = labels_of(org, said.dossier, said.moment, at=at)
    known = np.array([label is not None for label in labels], dtype=bool)
    kept = Predicted(said.dossier[known], said.probability[known], said.moment[known])
    return Judged(kept, np.array([label for label in labels if label is not None], dtype=bool))


def labels_of(org: Organisation, dossier: NDArray[np.int64], moment: Moments, *, at: datetime) -> list[bool | None]:
    """Whether each of n leads converted within the horizon of its moment, (n,); None where that is not known at `at`.

    One statement; a lead may stand there several times. Of one that was forgotten meanwhile nothing is known.
    """
    lives = lives_of(org, np.unique(dossier), until=at)
    moments = [each.replace(tzinfo=timezone.utc) for each in moment.tolist()]
    found = [(lives.get(lead), said) for lead, said in zip(dossier.tolist(), moments, strict=True)]
    return [None if life is None else life.label_at(said, horizon=org.horizon, until=at) for life, said in found]


def lives_of(org: Organisation, dossiers: NDArray[np.int64], *, until: datetime) -> dict[int, History]:
    """The lives of these leads, as far as they are known at `until`. One statement."""
    if len(dossiers) == 0:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LIVES, {"org_id": org.org_id, "until": until, "dossiers": dossiers.tolist()})
        return {
            dossier: History(dossier, created, converted, bool(exact), None if converted is None else decided)
            for dossier, created, converted, exact, decided in cursor.fetchall()
        }
