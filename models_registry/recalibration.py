"""Renewing the active version's calibration on recent outcomes: plain numbers beside the artefact, no training."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction

from common import audit
from common.errors import Conflict
from models_registry import artefacts, ledger, thresholds
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.recalibration import Outcomes, Refit, refit
from models_registry.models import Act, ModelActivation, ModelVersion


class TooFewOutcomes(Conflict):
    """409: too few leads whose outcome is known."""

    default_code = "too_few_outcomes"

    def __init__(self, dossiers: int) -> None:
        least = settings.ML_RECALIBRATION_MIN_OUTCOMES
        super().__init__(f"{dossiers} leads have a known outcome; a calibration is refitted from {least} on.")


class NotBetter(Conflict):
    """409: the refitted map would not keep its word better; `made` is what was tried."""

    default_code = "not_better"

    def __init__(self, made: Refit) -> None:
        self.made = made
        super().__init__(f"A refitted calibration is not better, so it stays as it is. {made.words}")


class NothingToRestore(Conflict):
    """409: the active version has had no calibration before its present one."""

    default_code = "nothing_to_restore"
    default_detail = "The active version has never been recalibrated, or what it had first is restored already."


def present_calibration(version: ModelVersion) -> BetaCalibration:
    """The map by which the version scores now. Raises DamagedArtefact."""
    own = artefacts.load(version).calibration
    return BetaCalibration.from_json(version.calibration) if version.calibration else own


@transaction.atomic
def recalibrate(*, org_id: str, version: str, outcomes: Outcomes, by: str, reason: str = "") -> ModelVersion:
    """Refits the calibration of the active version, which must be `version`, on its own predictions' outcomes.

    Raises TooFewOutcomes, NotBetter, AnotherIsActive, DamagedArtefact or FailedRehearsal; then nothing is changed.
    """
    if outcomes.dossiers < settings.ML_RECALIBRATION_MIN_OUTCOMES:
        raise TooFewOutcomes(outcomes.dossiers)
    active = ledger.lock_active(org_id, version=version)
    made = refit(present_calibration(active), outcomes)
    if not made.better:
        raise NotBetter(made)
    evidence = made.to_json() | {"before_calibration": active.calibration}
    told = {"by": by, "reason": reason or made.words, "evidence": evidence}
    return _set(active, made.calibration.to_json(), act=Act.RECALIBRATE, **told)


@transaction.atomic
def roll_back_calibration(*, org_id: str, by: str, reason: str = "", version: str | None = None) -> ModelVersion:
    """Restores the calibration that the active version had before its present one; again, the one before that.

    The active version must be `version` if that is told.

    Raises NothingToRestore, FailedRehearsal, AnotherIsActive, or ModelVersion.DoesNotExist where none is active.
    """
    active = ledger.lock_active(org_id, version=version)
    before = _earlier(active)
    if before is None:
        raise NothingToRestore()
    evidence = {"restored_from": before.number, "before_calibration": active.calibration}
    return _set(active, before.calibration, act=Act.RESTORE, by=by, reason=reason, evidence=evidence)


def _earlier(active: ModelVersion) -> ModelActivation | None:
    """The row of the calibration before the present one. What a restoring went back over is passed over."""
    reached: int | None = None
    for row in ModelActivation.objects.of(active.org_id).filter(version=active.version).order_by("-number").iterator():
        if reached is not None and row.number > reached:
            continue
        if row.calibration != active.calibration:
            return row
        if row.act == Act.RESTORE:
            reached = row.evidence["restored_from"]
    return None


def _set(active: ModelVersion, calibration: dict[str, float] | None, *, act: Act, **told: Any) -> ModelVersion:
    """Rehearses with it, and then makes it live, with both rows."""
    active.calibration = calibration
    artefacts.rehearse(active)
    active.save(update_fields=["calibration"])
    row = ledger.append(active, thresholds=thresholds.of(active), act=act, **told)
    audit.record(org_id=active.org_id, act=f"model.{act}", subject=active.version, at=row.at, **told)
    return active
