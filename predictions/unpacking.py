"""The contributions of rows scored in bulk: computed when first asked for, from packed vectors and the artefact.

An artefact never changes and scoring is deterministic, so they equal those that would have been computed at once. A
process caches what it has computed: everybody asks for the first page of a list.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from common.arrays import Floats
from common.joined import Joined, part
from leads.features import Columns, Feature
from models_registry import artefacts
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.rules import Rule, Rules
from models_registry.learning.scores import Scorer
from models_registry.models import ModelVersion
from predictions.packing import unpacked
from predictions.recollection import Recollection
from predictions.tables.batch import PredictionBatch
from predictions.vectors import as_stored, rows_from, rows_of, vectors_of


class MayBePacked(Protocol):
    """A prediction: `packed` and of a batch until its vector is made."""

    @property
    def stored_vector(self) -> Any:
        """Its entries, or None."""

    @property
    def packed(self) -> Any:
        """Its row of a batch, or None."""

    @property
    def batch_id(self) -> Any:
        """The batch's key, or None."""


class Unpackable(Protocol):
    """One that is given its vector."""

    stored_vector: Any
    packed: Any
    batch_id: Any


Row = TypeVar("Row", bound=MayBePacked)
Packed = tuple[int, bytes]
"""A batch, and a row of it as it is packed."""
Versions = Mapping[str, ModelVersion]
NONE_READ: Versions = {}
VERSIONS = Joined(
    [part("v", ModelVersion, "version", "digest", "features", "archived_at", shared=True)],
    "FROM ml_model_version v WHERE v.org_id = %(org_id)s AND v.version = ANY(%(versions)s)",
    {"org_id": "varchar", "versions": "varchar[]"},
)
MOST_BATCHES, MOST_ROWS = 1_000, 20_000
"""So many batches, and contributions of so many rows, each process remembers: some 10 MB each with 20 features."""
MOST_WORDS = 2_000
"""A batch with more words than this is read each time."""


def versions_of(org_id: str, names: Iterable[str]) -> dict[str, ModelVersion]:
    """Those of the organisation's versions, by their names. One statement."""
    return {row.version: row for (row,) in VERSIONS.rows({"org_id": org_id, "versions": sorted(names)})}


@dataclass(frozen=True)
class Maker:
    """What scored a row, and what it read."""

    org_id: str
    version: str | None
    features: tuple[Feature, ...]
    calibration: BetaCalibration | None
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, batch: PredictionBatch) -> Maker:
        """What made the rows of a batch."""
        return cls(
            org_id=batch.org_id,
            version=batch.model_version,
            features=tuple(Feature.from_json(each) for each in batch.features),
            calibration=BetaCalibration.from_json(batch.calibration) if batch.calibration else None,
            rules=tuple(Rule(**each) for each in batch.rules or ()),
        )

    def scorer(self, versions: Versions) -> Scorer | None:
        """What scored it, as it was then; None where its artefact is no longer kept, or damaged.

        One statement where a model did that is not among the `versions` that were read.
        """
        if self.version is None:
            return Rules(self.rules)
        row = versions.get(self.version) or self._version()
        try:
            model = artefacts.load(row) if row and not row.archived else None
        except artefacts.DamagedArtefact:
            return None
        return model.recalibrated(self.calibration) if model and self.calibration else model

    def _version(self) -> ModelVersion | None:
        return versions_of(self.org_id, [self.version]).get(self.version) if self.version else None


def unpack(rows: Iterable[Unpackable], versions: Versions = NONE_READ) -> None:
    """Gives packed rows their vectors: [feature, value, contribution], largest contribution first.

    A vector is empty where no contributions can be made any more. Statements as for `explained`.
    """
    for each in explained(rows, versions):
        values = rows_of(each.names, each.columns)
        for row in each.rows:
            row.stored_vector = []
        vectors = vectors_of(each.names, [values[at] for at in each.made], each.parts)
        for at, vector in zip(each.made, vectors, strict=True):
            each.rows[at].stored_vector = vector


@dataclass(frozen=True)
class Explained(Generic[Row]):
    """Rows that one maker made, their features' columns, and the contributions of those `made` (places among the rows)
    of which they can still be made, (len(made), features)."""

    maker: Maker
    rows: Sequence[Row]
    columns: Columns
    made: list[int]
    parts: Floats

    @property
    def names(self) -> list[str]:
        """The features, in the order of the contributions."""
        return [feature.name for feature in self.maker.features]


def explained(rows: Iterable[Row], versions: Versions = NONE_READ) -> Iterator[Explained[Row]]:
    """Those of the rows that are packed, with their contributions, by what made them.

    All that one version made are scored at once: two statements for it, however many they are, or one where it is among
    `versions` of the rows' organisation, and none for those that this process has made before. Without those whose
    batch has been dropped with its month since they were read.
    """
    for maker, mine, columns in _opened(row for row in rows if row.stored_vector is None):
        parts = _contributions(maker, mine, columns, versions)
        made = [at for at, own in enumerate(parts) if own is not None]
        block = np.array([parts[at] for at in made]).reshape(len(made), len(maker.features))
        yield Explained(maker, mine, columns, made, block)


_made_before = Recollection[Packed, Floats](MOST_ROWS)


def _contributions(
    maker: Maker, rows: Sequence[MayBePacked], columns: Columns, versions: Versions
) -> list[Floats | None]:
    keys = [(row.batch_id, bytes(row.packed)) for row in rows]
    found = _made_before.of(keys)
    new = {key: at for at, key in enumerate(keys) if key not in found}
    if new and (scorer := maker.scorer(versions)):
        at = list(new.values())
        parts = scorer.score({name: column[at] for name, column in columns.items()}).contributions
        made = dict(zip(new, parts, strict=True))
        _made_before.keep(made)
        found |= made
    return [found.get(key) for key in keys]


def inputs(rows: Sequence[MayBePacked]) -> list[dict[str, Any]]:
    """Every feature's value of each row, none where its batch has been dropped; nothing is scored.

    One statement where any is packed.
    """
    found = {id(row): {name: as_stored(value) for name, value, _ in row.stored_vector or ()} for row in rows}
    for maker, mine, columns in _opened(row for row in rows if not row.stored_vector):
        found |= {id(row): values for row, values in zip(mine, rows_from(maker.features, columns), strict=True)}
    return [found.get(id(row), {}) for row in rows]


def _opened(rows: Iterable[Row]) -> Iterator[tuple[Maker, list[Row], Columns]]:
    """Those of these rows that are packed, by what made them, and their features' columns.

    Without those whose batch has been dropped with its month since they were read. One statement where there are any
    of a batch that this process has not read before.
    """
    packed = [row for row in rows if row.packed is not None and row.batch_id is not None]
    batches = _batches({row.batch_id for row in packed})
    makers = {id(maker): maker for maker, _ in batches.values()}
    made: dict[int, list[Row]] = {}
    for row in packed:
        if row.batch_id in batches:
            made.setdefault(id(batches[row.batch_id][0]), []).append(row)
    for key, mine in made.items():
        words = [batches[row.batch_id][1] for row in mine]
        yield makers[key], mine, unpacked(makers[key].features, words, [bytes(row.packed) for row in mine])


_read_before = Recollection[int, tuple[Maker, list[str]]](MOST_BATCHES)


def _batches(keys: set[int]) -> dict[int, tuple[Maker, list[str]]]:
    """Of each batch what made it, and its words."""
    found = _read_before.of(keys)
    if unread := keys - found.keys():
        rows = PredictionBatch.objects.in_bulk(unread)
        new = {key: (_the_same(Maker.of(row)), list(map(sys.intern, row.words))) for key, row in rows.items()}
        _read_before.keep({key: batch for key, batch in new.items() if len(batch[1]) <= MOST_WORDS})
        found |= new
    return found


@functools.lru_cache(MOST_BATCHES)
def _the_same(maker: Maker) -> Maker:
    """One object for all that are alike."""
    return maker
