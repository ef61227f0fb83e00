"""Artefacts kept in the database, verified whenever they are loaded."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from common.errors import Unavailable
from models_registry.learning.artefact import BadArtefact, read
from models_registry.learning.model import Model
from models_registry.models import ModelArtefact, ModelVersion

KEPT = 4
"""So many models stay in each process's memory."""


class DamagedArtefact(Unavailable):
    """503: the version's artefact is missing or not what was stored; another version can be made active."""

    default_detail = "The model's artefact is damaged or missing; roll back to another version."
    default_code = "damaged_artefact"


def digest_of(content: bytes) -> str:
    """SHA-256, as the version row keeps it."""
    return hashlib.sha256(content).hexdigest()


class _Memory:
    """The last few models of this process, by digest. An artefact never changes, so nothing here goes stale."""

    def __init__(self) -> None:
        self._models: OrderedDict[str, Model] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, version: ModelVersion) -> Model:
        with self._lock:
            if version.digest not in self._models:
                self._models[version.digest] = _verified(version)
                while len(self._models) > KEPT:
                    self._models.popitem(last=False)
            self._models.move_to_end(version.digest)
            return self._models[version.digest]


_memory = _Memory()


def load(version: ModelVersion) -> Model:
    """The version's model, from memory or, verified, from the database. Raises DamagedArtefact (503)."""
    return _memory.get(version)


def _verified(version: ModelVersion) -> Model:
    row = ModelArtefact.objects.filter(version=version).first()
    if row is None:
        raise DamagedArtefact()
    content = bytes(row.content)
    if digest_of(content) != version.digest:
        raise DamagedArtefact()
    try:
        return read(content)
    except BadArtefact as error:
        raise DamagedArtefact() from error
