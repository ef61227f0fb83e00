"""Predictions that are old enough for their outcome to be known, by a version that is active."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np

from leads.models import Dossier, Outcome
from models_registry.activation import activate
from models_registry.models import ModelVersion
from models_registry.scorers import for_row
from models_registry.tests.artefacts import kept
from models_registry.tests.learning.simulated import leads as simulated
from predictions.models import Prediction
from predictions.scoring import predictions_from

VERSION = "20260101000000"
DAY = timedelta(days=1)


def an_active_version(name: str = VERSION, **fields: object) -> ModelVersion:
    """A version that scores, live for a year."""
    version = kept(name, **fields)
    return activate(org_id=version.org_id, version=name, by="tester", at=datetime.now(timezone.utc) - 365 * DAY)


def a_mature_past(version: ModelVersion, leads: int = 300, *, shift: float = 0.0, age: int = 100) -> list[Prediction]:
    """Leads scored by the version `age` days ago and before; the truth is its probability, moved by `shift` logits."""
    now, chance = datetime.now(timezone.utc), np.random.default_rng(3)
    columns = simulated(leads, seed=9)[0].columns
    made = predictions_from(version.org_id, for_row(version), columns, now)
    moments = [now - age * DAY - 40 * DAY * (1 - row / leads) for row in range(leads)]
    dossiers = Dossier.objects.bulk_create(
        Dossier(org_id=version.org_id, number=700_000 + row, status="NEW", created_at=at - DAY, recorded_at=at - DAY)
        for row, at in enumerate(moments)
    )
    for prediction, dossier, at in zip(made, dossiers, moments, strict=True):
        prediction.dossier, prediction.as_of, prediction.predicted_at = dossier, at, at
    Prediction.objects.bulk_create(made)
    said = np.array([each.conversion_probability for each in made])
    won = chance.random(leads) < 1 / (1 + np.exp(-(np.log(said / (1 - said)) + shift)))
    Outcome.objects.bulk_create(
        Outcome(
            org_id=version.org_id,
            dossier=dossier,
            converted=bool(converted),
            occurred_at=at + 5 * DAY,
            recorded_at=at + 5 * DAY,
        )
        for dossier, at, converted in zip(dossiers, moments, won, strict=True)
    )
    return made
