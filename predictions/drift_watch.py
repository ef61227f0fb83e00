"""The newest leads against those that the active version learnt from, age by age.

Training reads leads at several ages, and a lead of 30 days differs from one of today whatever the market does. So the
newest snapshots are taken at the same ages, each age with its share in training: what is left is drift. The score's
reference is of the holdout, so for its test each age has its share there, and ages that the holdout lacks have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from common.serializers import iso
from leads import snapshots
from leads.catalogue import columns_of
from leads.labelled import History, histories
from leads.models import Organisation
from models_registry import artefacts
from models_registry.learning.drift import SCORE, drift
from models_registry.learning.model import Model
from models_registry.learning.reference import Sample
from models_registry.models import ModelVersion
from predictions.reasons import label_of

WINDOW_DAYS = 30
MOST_AT_AN_AGE = 2_000
RUNNING = frozenset({"lead_source_score"})
"""A source's record so far moves as outcomes come in, whatever the leads do: it is shown, and is no alarm."""


@dataclass(frozen=True)
class Pair:
    """A lead at a moment at which it was open; what that weighs among all, and what among the scores."""

    life: History
    moment: datetime
    weight: float
    score_weight: float


def drift_of(org: Organisation, version: ModelVersion, *, at: datetime) -> dict[str, Any]:
    """Features and score of the last 30 days against the version's reference, as plain data. Seven statements."""
    reference = version.card.get("reference")
    since = at - timedelta(days=WINDOW_DAYS)
    window = {"since": iso(since), "until": iso(at)}
    if not reference:
        return _nothing("no_reference") | window
    pairs = _pairs(org, reference, since=since, until=at)
    if not pairs:
        return _nothing("no_new_leads") | window
    model = artefacts.load_to_score_leads(version)
    sample = _sample(org, model, pairs)
    score = model.score(sample.columns, contributions=False).probability
    weight = np.array([each.score_weight for each in pairs], dtype=np.float64)
    features, scored = drift(reference, sample, score=score, score_weight=weight, label=named)
    return {
        "leads": len(np.unique(sample.dossier)),
        "snapshots": len(pairs),
        "features": [each.to_json() for each in features],
        "score": scored.to_json() if scored else None,
        "reasons": {},
    } | window


def _nothing(reason: str) -> dict[str, Any]:
    return {"leads": 0, "snapshots": 0, "features": [], "score": None, "reasons": {"all": reason}}


def _pairs(org: Organisation, reference: Mapping[str, Any], *, since: datetime, until: datetime) -> list[Pair]:
    """The newest snapshots with moments in the window, at each of the reference's ages, with their weights."""
    ages: Mapping[str, float] = reference["ages"]
    score_ages: Mapping[str, float] = reference.get("score_ages", ages)  # an earlier reference does not tell them
    oldest = max((float(age) for age in ages), default=0.0)
    lives = histories(org, since=since - timedelta(days=oldest), until=until)
    pairs: list[Pair] = []
    for name, share in ages.items():
        age = timedelta(days=float(name))
        reached = [life for life in lives if since < life.created_at + age <= until]
        newest = [life for life in reached if life.was_open_at(life.created_at + age)][-MOST_AT_AN_AGE:]
        weights = [each / max(len(newest), 1) for each in (share, score_ages.get(name, 0.0))]
        pairs += [Pair(life, life.created_at + age, *weights) for life in newest]
    return pairs


def _sample(org: Organisation, model: Model, pairs: list[Pair]) -> Sample:
    dossiers = [each.life.dossier for each in pairs]
    read = snapshots.take(org, dossiers, [each.moment for each in pairs])
    weight = np.array([each.weight for each in pairs], dtype=np.float64)
    return Sample(columns_of(read, model.features), weight, np.array(dossiers, dtype=np.int64))


def named(feature: str) -> str:
    """A feature's name as a sentence begins with it."""
    return "The score" if feature == SCORE else label_of(feature)
