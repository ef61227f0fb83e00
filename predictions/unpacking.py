"""The reasons of a bulk row, made when first asked for: from its packed vector and the artefact that scored it.

An artefact never changes and scoring draws no lots, so they equal those that would have been made at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from leads.features import Feature
from models_registry import artefacts
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.rules import Rule, Rules
from models_registry.learning.scores import Scorer
from models_registry.models import ModelVersion
from predictions.packing import unpacked, vector_of
from predictions.tables.batch import PredictionBatch
from predictions.vectors import values_of


@dataclass(frozen=True)
class Batch:
    """What the rows of a batch share."""

    org_id: str
    version: str | None
    features: tuple[Feature, ...]
    words: tuple[str, ...]
    calibration: BetaCalibration | None
    rules: tuple[Rule, ...]

    def scorer(self) -> Scorer | None:
        """What scored it, as it was then; None where its artefact is no longer kept, or damaged."""
        if self.version is None:
            return Rules(self.rules)
        row = ModelVersion.objects.of(self.org_id).usable().filter(version=self.version).first()
        try:
            model = artefacts.load(row) if row else None
        except artefacts.DamagedArtefact:
            return None
        return model.recalibrated(self.calibration) if model and self.calibration else model


def vector(batch_id: int, packed: bytes) -> list[list[Any]]:
    """[feature, value, contribution] of a packed row, largest contribution first; 0 where nothing can be made of it."""
    batch = _batch(batch_id)
    columns = unpacked(batch.features, batch.words, packed)
    scorer = batch.scorer()
    if scorer is None:
        return vector_of(batch.features, columns, [0.0] * len(batch.features))
    return vector_of(batch.features, columns, scorer.score(columns).contributions[0].tolist())


def inputs(batch_id: int, packed: bytes) -> dict[str, Any]:
    """Every feature's value in a packed row."""
    batch = _batch(batch_id)
    columns = unpacked(batch.features, batch.words, packed)
    return {feature.name: values_of(feature, columns[feature.name])[0] for feature in batch.features}


@lru_cache(maxsize=64)
def _batch(batch_id: int) -> Batch:
    row = PredictionBatch.objects.get(pk=batch_id)
    return Batch(
        org_id=row.org_id,
        version=row.model_version,
        features=tuple(Feature.from_json(each) for each in row.features),
        words=tuple(row.words),
        calibration=BetaCalibration.from_json(row.calibration) if row.calibration else None,
        rules=tuple(Rule(**each) for each in row.rules or ()),
    )
