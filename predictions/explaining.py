"""The reasons of predictions, from their stored vectors and the versions that made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from common.arrays import Matrix
from leads.catalogue import FIXED
from leads.features import Feature, Kind
from models_registry import artefacts
from models_registry.learning.model import Model
from models_registry.learning.removal import moves
from models_registry.models import ModelVersion
from predictions.models import Prediction
from predictions.reasons import LEAST_PART, Entry, Reason, kinds_of, reasons_of, strongest
from predictions.scoring import Fresh
from predictions.unpacking import MayBePacked, explained, unpack, versions_of
from predictions.vectors import columns_from, first_of_vectors


class Explainable(MayBePacked, Protocol):
    """A prediction, or what of it explains it."""

    @property
    def model_version(self) -> str | None:
        """What made it; None for the rules."""


Kinds = dict[str | None, Mapping[str, Kind]]
STRONGEST = 2
"""So many reasons stand beside a lead in a list."""


@dataclass(frozen=True)
class Source:
    """What is known of that which made a prediction: its features' kinds, and the model where it is kept."""

    kinds: Mapping[str, Kind]
    model: Model | None = None


RULES = Source({each.feature.name: each.feature.kind for each in FIXED})


def reasons_for(org_id: str, predictions: Sequence[Prediction]) -> list[list[Reason]]:
    """The strongest reasons each way of each prediction, strongest first.

    A feature is a reason only where the lead would score otherwise without it (see `removal`). The rules need no such
    check, and it is left out where a version's artefact is no longer kept. One statement, and one for each model that
    is not in memory; packed vectors are opened by the way.
    """
    versions = _versions(org_id, {row.model_version for row in predictions})
    unpack(predictions, versions)
    return _told(
        predictions, {name: Source(kinds_of(each.features), _kept_model(each)) for name, each in versions.items()}
    )


def reasons_by(made: Sequence[Fresh]) -> list[list[Reason]]:
    """The same for predictions that were just made: no statement."""
    told: list[list[Reason]] = [[] for _ in made]
    for chosen in {id(each.chosen): each.chosen for each in made}.values():
        rows = [at for at, each in enumerate(made) if each.chosen is chosen]
        source = Source({feature.name: feature.kind for feature in chosen.scorer.features}, chosen.model)
        reasons = [_strongest(made[at].prediction, source) for at in rows]
        encoded = [matrix for at in rows if (matrix := made[at].encoded) is not None]
        if source.model is not None and encoded:
            reasons = _checked(source.model, np.concatenate(encoded), reasons)
        for at, each in zip(rows, reasons, strict=True):
            told[at] = each
    return told


def _told(predictions: Sequence[Prediction], sources: Mapping[str | None, Source]) -> list[list[Reason]]:
    told = [_strongest(row, sources.get(row.model_version, RULES)) for row in predictions]
    for name, source in sources.items():
        if source.model is not None:
            rows = [at for at, row in enumerate(predictions) if row.model_version == name]
            columns = columns_from(source.model.features, [predictions[at].inputs for at in rows])
            checked = _checked(source.model, source.model.encoder.transform(columns), [told[at] for at in rows])
            for at, reasons in zip(rows, checked, strict=True):
                told[at] = reasons
    return told


def _strongest(row: Prediction, source: Source) -> list[Reason]:
    return reasons_of(strongest(row.vector), kinds=source.kinds, by_rules=row.model_version is None)


def listed_reasons(org_id: str, rows: Sequence[Explainable]) -> list[list[Reason] | None]:
    """The two strongest reasons of each of these predictions, for lists: by their parts alone. None where no
    contributions can be made any more.

    One statement, and none where all are of bulk scoring and were read before.
    """
    kinds: Kinds = {}
    first: dict[int, Sequence[Entry]] = {}
    for each in explained(rows):
        kinds[each.maker.version] = {feature.name: feature.kind for feature in each.maker.features}
        columns = {name: column[each.made] for name, column in each.columns.items()}
        entries = first_of_vectors(each.names, columns, each.parts, most=STRONGEST, least=LEAST_PART)
        first |= zip((id(each.rows[at]) for at in each.made), entries, strict=True)
    kinds |= kinds_by_version(org_id, {row.model_version for row in rows if row.stored_vector} - kinds.keys())
    return [
        None
        if row.packed is not None and not row.stored_vector and id(row) not in first
        else reasons_of(
            first.get(id(row)) or row.stored_vector or [],
            kinds=kinds.get(row.model_version),
            by_rules=row.model_version is None,
            most=STRONGEST,
        )
        for row in rows
    ]


def kinds_by_version(org_id: str, names: Iterable[str | None]) -> Kinds:
    """Each version's feature kinds; under None those that the rules read. One statement; none for the rules alone."""
    return _kinds(_versions(org_id, names).values())


def features_of(org_id: str, version: str | None) -> tuple[Feature, ...]:
    """What a version reads; for None what the rules do. None of them where the version is gone. One statement."""
    if version is None:
        return tuple(each.feature for each in FIXED)
    found = _versions(org_id, [version]).get(version)
    return tuple(Feature.from_json(each) for each in found.features) if found else ()


def _kinds(versions: Iterable[ModelVersion]) -> Kinds:
    rules: Kinds = {None: RULES.kinds}
    return rules | {version.version: kinds_of(version.features) for version in versions}


def _versions(org_id: str, names: Iterable[str | None]) -> dict[str, ModelVersion]:
    wanted = {name for name in names if name is not None}
    return versions_of(org_id, wanted) if wanted else {}


def _kept_model(version: ModelVersion) -> Model | None:
    try:
        return None if version.archived else artefacts.load(version)
    except artefacts.DamagedArtefact:  # what was answered can still be read
        return None


def _checked(model: Model, encoded: Matrix, told: Sequence[list[Reason]]) -> list[list[Reason]]:
    wanted = [(at, reason) for at, reasons in enumerate(told) for reason in reasons]
    found = moves(model, encoded, [(at, reason.feature) for at, reason in wanted])
    kept: list[list[Reason]] = [[] for _ in told]
    for (at, reason), move in zip(wanted, found.tolist(), strict=True):
        if move * reason.part > 0:
            kept[at].append(reason)
    return kept
