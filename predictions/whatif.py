"""What a lead's probability would be if some of its features were other than they are. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils import timezone

from experiments import assignment
from leads import snapshots
from leads.catalogue import MINUTE, Snapshots, columns_of
from leads.consequences import followers
from leads.models import Dossier, Organisation
from models_registry import scorers
from predictions.models import Prediction
from predictions.scoring import predictions_from, problems_with
from predictions.terms import moment_of
from predictions.vectors import columns_from, rows_from


class Impossible(ValueError):
    """Changes that cannot be: `problems` says what is wrong, by feature."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__(str(problems))


@dataclass(frozen=True)
class Supposed:
    """The lead as it is and as it would be; neither prediction is stored. `followed` moved with the changes."""

    before: Prediction
    after: Prediction
    changes: Mapping[str, Any]
    followed: Mapping[str, Any]


def what_if(*, org_id: str, dossier: Dossier, changes: Mapping[str, Any]) -> Supposed:
    """Scores the lead as it is now, and again with the changed features. Raises Impossible."""
    chosen = scorers.for_method(org_id, assignment.assign(org_id, [dossier])[0].method)
    features = chosen.scorer.features
    problems = problems_with({feature.name: feature for feature in features}, changes)
    if problems:
        raise Impossible(problems)
    org = Organisation.get(org_id)
    read = snapshots.take(org, [dossier.pk], [moment_of(org, dossier)])
    now, columns = timezone.now(), columns_of(read, features)
    (present,) = rows_from(features, columns)
    followed = followers(present, changes, waited_minutes=_waited_minutes(read))
    supposed = columns_from(features, [present | dict(changes) | followed])
    before, after = (predictions_from(org_id, chosen, each, now)[0] for each in (columns, supposed))
    before.dossier = after.dossier = dossier
    return Supposed(before, after, changes, followed)


def _waited_minutes(read: Snapshots) -> float:
    """From the first message of the lead, or from its creation where there is none, to the moment."""
    asked = np.where(np.isnat(read.inbound.first), read.created_at, read.inbound.first)
    return float((read.moment - asked)[0] / MINUTE)
