"""The reasons of predictions, from their stored vectors and the versions that made them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leads.catalogue import FIXED
from leads.features import Kind
from models_registry import artefacts
from models_registry.learning.model import Model
from models_registry.models import ModelVersion
from predictions.models import Prediction
from predictions.reasons import Reason, kinds_of, reasons_of, strongest
from predictions.removal import moves
from predictions.vectors import columns_from

Kinds = dict[str | None, dict[str, Kind]]
STRONGEST = 2
"""So many reasons stand beside a lead in a list."""


def reasons_for(org_id: str, predictions: Sequence[Prediction]) -> list[list[Reason]]:
    """The strongest reasons each way of each prediction, strongest first.

    A feature is a reason only where the lead would score otherwise without it (see `removal`). The rules need no such
    check, and it is left out where a version's artefact is no longer kept. One statement, and one for each model that
    is not in memory.
    """
    versions = _versions(org_id, {row.model_version for row in predictions})
    kinds = _kinds(versions.values())
    told = {
        at: strongest(reasons_of(row.vector, kinds=kinds.get(row.model_version), by_rules=row.model_version is None))
        for at, row in enumerate(predictions)
    }
    for name, version in versions.items():
        model = _kept_model(version)
        if model is not None:
            rows = [at for at, row in enumerate(predictions) if row.model_version == name]
            checked = _checked(model, [predictions[at] for at in rows], [told[at] for at in rows])
            told |= dict(zip(rows, checked, strict=True))
    return [told[at] for at in range(len(predictions))]


def listed_reasons(org_id: str, predictions: Sequence[Prediction]) -> list[list[Reason]]:
    """The two strongest reasons of each prediction, for lists: by their parts alone, in one statement."""
    kinds = kinds_by_version(org_id, {row.model_version for row in predictions})
    return [
        reasons_of(row.vector, kinds=kinds.get(row.model_version), by_rules=row.model_version is None)[:STRONGEST]
        for row in predictions
    ]


def kinds_by_version(org_id: str, names: Iterable[str | None]) -> Kinds:
    """Each version's feature kinds; under None those that the rules read. One statement; none for the rules alone."""
    return _kinds(_versions(org_id, names).values())


def _kinds(versions: Iterable[ModelVersion]) -> Kinds:
    rules: Kinds = {None: {each.feature.name: each.feature.kind for each in FIXED}}
    return rules | {version.version: kinds_of(version.features) for version in versions}


def _versions(org_id: str, names: Iterable[str | None]) -> dict[str, ModelVersion]:
    wanted = {name for name in names if name is not None}
    if not wanted:
        return {}
    found = ModelVersion.objects.of(org_id).filter(version__in=wanted)
    return {row.version: row for row in found.only("id", "version", "digest", "features", "archived_at")}


def _kept_model(version: ModelVersion) -> Model | None:
    try:
        return None if version.archived else artefacts.load(version)
    except artefacts.DamagedArtefact:  # what was answered can still be read
        return None


def _checked(model: Model, predictions: Sequence[Prediction], told: Sequence[list[Reason]]) -> list[list[Reason]]:
    rows = [row.inputs for row in predictions]
    wanted = [(at, reason) for at, reasons in enumerate(told) for reason in reasons]
    found = moves(model, columns_from(model.features, rows), [(at, reason.feature) for at, reason in wanted])
    kept: list[list[Reason]] = [[] for _ in predictions]
    for (at, reason), move in zip(wanted, found.tolist(), strict=True):
        if move * reason.part > 0:
            kept[at].append(reason)
    return kept
