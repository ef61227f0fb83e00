"""Which version is active: made so by the gate or a person, undone by the same act, always with a row that says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from common import audit
from common.errors import Conflict
from models_registry import artefacts, ledger, thresholds
from models_registry.models import Act, ModelActivation, ModelVersion


class Archived(Conflict):
    """409: only the card of this version is left."""

    default_detail = "This version is archived: only its card is kept."
    default_code = "archived"


def activate(
    *,
    org_id: str,
    version: str,
    by: str,
    at: datetime | None = None,
    reason: str = "",
    act: str = Act.ACTIVATE,
    evidence: dict[str, Any] | None = None,
) -> ModelVersion:
    """Makes a version the active one. Once the transaction has ended, no prediction begun later uses another.

    A version that was live before comes back with the calibration and thresholds it last was live with. It rehearses
    first, on its golden rows; where it fails, nothing is changed. Activating the active version changes nothing and
    writes no row. `at` is given to tell of the past alone: else it counts from when nobody else can change it any more.
    Raises ModelVersion.DoesNotExist, Archived, FailedRehearsal.
    """
    with transaction.atomic():
        versions = {row.version: row for row in ledger.lock(org_id)}
        if version not in versions:
            raise ModelVersion.DoesNotExist(version)
        chosen = versions[version]
        if chosen.archived:
            raise Archived()
        previous = next((row for row in versions.values() if row.is_active), None)
        if previous is not None and previous.pk == chosen.pk:
            return chosen
        _restore(chosen)
        artefacts.rehearse(chosen)
        _switch(previous, chosen)
        told: dict[str, Any] = {"by": by, "reason": reason, "evidence": evidence}
        row = ledger.append(chosen, thresholds=thresholds.of(chosen), act=act, at=at, **told)
        audit.record(
            org_id=org_id,
            act=f"model.{act}",
            subject=version,
            before=previous.version if previous else "",
            after=version,
            at=row.at,
            **told,
        )
    return chosen


def roll_back(*, org_id: str, version: str, by: str, at: datetime | None = None, reason: str = "") -> ModelVersion:
    """Activates an earlier (or any kept) version as it last was live; recorded as a rollback."""
    return activate(org_id=org_id, version=version, by=by, at=at, reason=reason, act=Act.ROLLBACK)


def _restore(chosen: ModelVersion) -> None:
    """Calibration and thresholds as the ledger last told them; a version that was never live keeps its own."""
    was = ModelActivation.objects.last_of_version(chosen.org_id, chosen.version)
    if was is not None:
        chosen.calibration = was.calibration
        chosen.thresholds = None if was.thresholds == thresholds.installation() else was.thresholds


def _switch(previous: ModelVersion | None, chosen: ModelVersion) -> None:
    if previous is not None:
        previous.is_active = False
        previous.save(update_fields=["is_active"])
    chosen.is_active, chosen.is_shadow = True, False
    chosen.save(update_fields=["is_active", "is_shadow", "calibration", "thresholds"])
