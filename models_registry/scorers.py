"""What scores: a model or the rules, behind one interface."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models_registry import artefacts, thresholds
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.model import Model
from models_registry.learning.rules import DEFAULT_RULES, Rule, Rules
from models_registry.learning.scores import Scorer
from models_registry.models import ModelActivation, ModelVersion, ScoringRule

RULE_BASED = "RULE_BASED"
ML = "ML"
PINNED = "ML:"
NEEDED = ("version", "digest", "calibration", "thresholds")
"""What of a version's row scoring takes."""


class UnknownMethod(ValueError):
    """Not `RULE_BASED`, `ML`, or `ML:` and a version that the organisation keeps."""


@dataclass(frozen=True)
class Chosen:
    """A scorer, and what a prediction by it says of its making and by which thresholds it recommends."""

    method: str
    version: str | None
    scorer: Scorer
    thresholds: Mapping[str, float]
    model: Model | None = None
    """As its artefact has it, before any refit of its calibration; None where the rules score."""
    calibration: Mapping[str, Any] | None = None
    """The numbers of the refit that `scorer` has; None for the artefact's own."""


def for_method(org_id: str, method: str) -> Chosen:
    """The scorer that a method means now. `ML` without an active version means the rules.

    The active version is read from the database at each call: that is what makes a rollback instant.
    Raises UnknownMethod.
    """
    return as_read(org_id, method, active=_active(org_id) if method == ML else None)


def as_read(org_id: str, method: str, *, active: ModelVersion | None) -> Chosen:
    """The same for a caller that has just read which version is active. Raises UnknownMethod, DamagedArtefact."""
    if method == RULE_BASED or (method == ML and active is None):
        return _rules(org_id)
    if method != ML:
        return for_row(_pinned(org_id, method))
    assert active is not None
    try:
        return for_row(active)
    except artefacts.DamagedArtefact as error:
        return _last_good(org_id, active, error)


def _last_good(org_id: str, damaged: ModelVersion, error: artefacts.DamagedArtefact) -> Chosen:
    """The last live version before `damaged` that can be read here. Each prediction says that it was made by it.

    `damaged` has a damaged artefact, or reads features that this release does not know. An alert asks for a rollback;
    until then each prediction looks for the last good version again, which takes milliseconds. Raises `error` where
    there is none.
    """
    kept = {row.version: row for row in ModelVersion.objects.of(org_id).only(*NEEDED).usable().exclude(pk=damaged.pk)}
    for version in ModelActivation.objects.of(org_id).order_by("-number").values_list("version", flat=True):
        if version in kept:
            with contextlib.suppress(artefacts.DamagedArtefact):
                return for_row(kept.pop(version))
    raise error


def for_row(version: ModelVersion) -> Chosen:
    """The scorer of a version that is kept, by its present calibration. Raises DamagedArtefact."""
    model, numbers = artefacts.load_to_score_leads(version), version.calibration
    scorer = model.recalibrated(BetaCalibration.from_json(numbers)) if numbers else model
    return Chosen(ML, version.version, scorer, thresholds.of(version), model, numbers)


def active(org_id: str) -> Chosen:
    """The active version's scorer, or the rules where none is active."""
    return for_method(org_id, ML)


def _active(org_id: str) -> ModelVersion | None:
    return ModelVersion.objects.of(org_id).only(*NEEDED).active().first()


def _pinned(org_id: str, method: str) -> ModelVersion:
    kept = ModelVersion.objects.of(org_id).only(*NEEDED).usable()
    pinned = kept.filter(version=method.removeprefix(PINNED)).first() if method.startswith(PINNED) else None
    if pinned is None:
        raise UnknownMethod(method)
    return pinned


def _rules(org_id: str) -> Chosen:
    return Chosen(RULE_BASED, None, Rules(rules_of(org_id)), thresholds.installation())


def rules_of(org_id: str) -> tuple[Rule, ...]:
    """The organisation's own table of weights, or the default one where it has none."""
    own = ScoringRule.objects.of(org_id)
    return tuple(row.rule for row in own) or DEFAULT_RULES
