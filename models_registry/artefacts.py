"""Artefacts kept in the database, verified whenever they are loaded."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np

from common.errors import Conflict, Unavailable
from common.language import gettext_noop
from leads.catalogue import definition_of
from leads.features import Feature
from models_registry import monitoring
from models_registry.learning.artefact import BadArtefact, read
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.model import Model
from models_registry.models import ModelArtefact, ModelVersion

KEPT = 32
"""So many models stay in each process's memory: those of all organisations and their shadows, in most installations.

A forest of 100 trees takes 2 MB; reading it anew takes a tenth of a second, in which all who need a model wait.
"""


class DamagedArtefact(Unavailable):
    """503: the version's artefact is missing or not what was stored; another version can be made active."""

    default_detail = gettext_noop("The model's artefact is damaged or missing; roll back to another version.")
    default_code = "damaged_artefact"


class UnknownFeatures(DamagedArtefact):
    """503: the version is whole, and reads features that this release does not know, as after going back to it."""

    default_detail = gettext_noop(
        "The model reads what this release does not know of leads; make another version active, or train a new one."
    )


class FailedRehearsal(Conflict):
    """409: the version did not score its golden rows as it must; what was live before still is."""

    default_code = "failed_rehearsal"

    def __init__(self, version: ModelVersion, problem: str) -> None:
        super().__init__(f"Version {version} failed its rehearsal: {problem} Nothing was changed.")


def digest_of(content: bytes) -> str:
    """SHA-256, as the version row keeps it."""
    return hashlib.sha256(content).hexdigest()


class _Memory:
    """An LRU cache of a few models by digest, each with the features that this process does not know.

    An artefact never changes, nor which features a process knows, so nothing here goes stale.
    """

    def __init__(self) -> None:
        self._models: OrderedDict[str, tuple[Model, list[str]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, version: ModelVersion) -> tuple[Model, list[str]]:
        with self._lock:
            if version.digest not in self._models:
                model = _counted(version)
                self._models[version.digest] = model, unknown_features(model)
                while len(self._models) > KEPT:
                    self._models.popitem(last=False)
            self._models.move_to_end(version.digest)
            return self._models[version.digest]


def _counted(version: ModelVersion) -> Model:
    try:
        model = _verified(version)
    except DamagedArtefact:
        monitoring.LOADS.labels("damaged").inc()
        raise
    monitoring.LOADS.labels("loaded").inc()
    return model


_memory = _Memory()


def load(version: ModelVersion) -> Model:
    """The version's model, from memory or, verified, from the database. Raises DamagedArtefact (503)."""
    return _memory.get(version)[0]


def load_to_score_leads(version: ModelVersion) -> Model:
    """The same, if all its features can be read of leads here. Raises DamagedArtefact or UnknownFeatures."""
    model, unknown = _memory.get(version)
    if unknown:
        monitoring.LOADS.labels("damaged").inc()  # whom that calls is to roll back, as well
        raise UnknownFeatures()
    return model


def rehearse(version: ModelVersion) -> Model:
    """The model as it would score, from the stored bytes and not from memory: digest and golden rows verified.

    Each of its features must be one that can be read of a lead here: golden rows hold theirs already. Its present
    calibration, where it has one, must keep its golden rows in their order. Raises FailedRehearsal.
    """
    try:
        model = _verified(version)
    except DamagedArtefact as error:
        raise FailedRehearsal(version, "its artefact is missing, or is not what was stored.") from error
    if unknown := unknown_features(model):
        raise FailedRehearsal(version, f"it reads what this installation does not know of leads: {', '.join(unknown)}.")
    if version.calibration is None:
        return model
    try:
        live = model.recalibrated(BetaCalibration.from_json(version.calibration))
    except (KeyError, TypeError, ValueError) as error:
        raise FailedRehearsal(version, "its calibration is not an increasing map.") from error
    if model.golden is not None and not _same_order(model, live):
        raise FailedRehearsal(version, "its calibration puts its golden rows in another order.")
    return live


def unknown_features(model: Model) -> list[str]:
    """The features that the catalogue lacks, or has of another kind, as where another release learnt the model."""
    return [feature.name for feature in model.features if not _is_known(feature)]


def _is_known(feature: Feature) -> bool:
    try:
        return definition_of(feature).feature.kind is feature.kind
    except KeyError:
        return False


def _same_order(model: Model, live: Model) -> bool:
    assert model.golden is not None
    scores = live.score(model.golden.columns, contributions=False).probability
    in_order = scores[np.argsort(model.golden.probability, kind="stable")]
    return bool(np.isfinite(scores).all() and (np.diff(in_order) >= 0).all())


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
