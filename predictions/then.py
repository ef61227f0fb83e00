"""The scorer of a stored prediction, as it was when it made the prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models_registry import artefacts, scorers
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.model import Model
from models_registry.learning.rules import Rules
from models_registry.learning.scores import Scorer
from models_registry.models import ModelActivation, ModelVersion
from predictions.models import Prediction
from predictions.vectors import columns_from

SAME = 1e-9


@dataclass(frozen=True)
class Then:
    """A prediction's scorer.

    `scorer` is None where it is no longer kept, or no longer gives the prediction's vector the stored probability: then
    nothing can be computed with it. `calibration` is None where the artefact's own was live.
    """

    scorer: Scorer | None
    calibration: Mapping[str, Any] | None = None


def as_then(org_id: str, row: Prediction) -> Then:
    """The scorer that made a prediction, under the calibration that was live when it did."""
    if row.model_version is None:
        return Then(_if_same(Rules(scorers.rules_of(org_id)), row))
    calibration = calibration_at(org_id, row.model_version, row.predicted_at)
    own = own_scorer(org_id, row.model_version)
    scorer = own.recalibrated(BetaCalibration.from_json(calibration)) if own and calibration else own
    return Then(_if_same(scorer, row), calibration)


def own_scorer(org_id: str, version: str) -> Model | None:
    """A version as it was learnt; None where its artefact is no longer kept, or damaged."""
    row = ModelVersion.objects.of(org_id).usable().filter(version=version).only("id", "version", "digest").first()
    try:
        return artefacts.load(row) if row else None
    except artefacts.DamagedArtefact:
        return None


def calibration_at(org_id: str, version: str, at: datetime) -> Mapping[str, Any] | None:
    """The calibration of a version at a moment; None for the artefact's own."""
    entries = ModelActivation.objects.of(org_id).filter(version=version, at__lte=at)
    last = entries.order_by("-number").first()
    calibration: Mapping[str, Any] | None = last.calibration if last else None
    return calibration


def _if_same(scorer: Scorer | None, row: Prediction) -> Scorer | None:
    if scorer is None:
        return None
    columns = columns_from(scorer.features, [row.inputs])
    now = float(scorer.score(columns, contributions=False).probability[0])
    return scorer if abs(now - row.conversion_probability) <= SAME else None
