"""The ledger of what is live: rows are appended under one lock, and their chain can be proved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from common import chained
from common.chained import Broken
from common.errors import Conflict
from models_registry.models import ModelActivation, ModelVersion

LARGE = ("card", "importance", "features")
"""What makes a version's row large."""


class AnotherIsActive(Conflict):
    """409: what was asked for is for the active version, and that is another one."""

    default_code = "another_is_active"
    default_detail = "This version is not the active one (any more), so nothing was changed."


def lock(org_id: str) -> list[ModelVersion]:
    """The organisation's versions, locked until the transaction ends: nobody else changes meanwhile what is live.

    The lock of its chains orders changes even where the first version of all is only being written. Their cards stay in
    the database until one is asked for: a version's outlives it, and with hundreds each change would read megabytes.
    """
    chained.lock(org_id)
    return list(ModelVersion.objects.of(org_id).defer(*LARGE).select_for_update().order_by("pk"))


def lock_active(org_id: str, *, version: str | None) -> ModelVersion:
    """The active version, locked likewise. `version` is the one that is meant; None means whichever is active.

    Raises AnotherIsActive, or ModelVersion.DoesNotExist where none is active and none was meant.
    """
    active = next((row for row in lock(org_id) if row.is_active), None)
    if version is not None and (active is None or active.version != version):
        raise AnotherIsActive()
    if active is None:
        raise ModelVersion.DoesNotExist("No version is active.")
    return active


def append(
    version: ModelVersion,
    *,
    thresholds: Mapping[str, float],
    act: str,
    by: str,
    at: datetime | None = None,
    reason: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> ModelActivation:
    """Writes that this version, with its calibration and these thresholds, is live from `at` on. Needs `lock`.

    Without `at` from now on: acts wait for the lock, refit and rehearse, and what was said meanwhile was said by what
    was live before.
    """
    at = at or timezone.now()
    last = ModelActivation.objects.end_of(version.org_id)
    row = ModelActivation(
        org_id=version.org_id,
        version=version.version,
        digest=version.digest,
        calibration=version.calibration,
        thresholds=dict(thresholds),
        act=act,
        by=by,
        at=max(at, last.at) if last else at,
        reason=reason,
        evidence=dict(evidence or {}),
    )
    row.append_after(last)
    return row


@transaction.atomic
def verify(org_id: str) -> Broken | None:
    """Proves the organisation's chain from its first row to what is live now; None where it holds."""
    lock(org_id)
    proof = chained.follow(ModelActivation.objects.of(org_id).order_by("number").iterator())
    return proof.broken or _differs_from_the_present(org_id, proof.last)


def _differs_from_the_present(org_id: str, last: ModelActivation | None) -> Broken | None:
    """A chain whose end was cut off holds in itself, and no longer says what is live.

    Thresholds of the installation's may be others than they were: a changed setting is no row.
    """
    active = ModelVersion.objects.of(org_id).active().first()
    number = last.number if last else 0
    if last is None or active is None:
        holds = last is None and active is None
    else:
        live = (active.version, active.digest, active.calibration, active.thresholds or last.thresholds)
        holds = live == (last.version, last.digest, last.calibration, last.thresholds)
    return None if holds else Broken(number, "what is live now is not what the last row says")


def organisations() -> list[str]:
    """Those that have a ledger or a version."""
    kept = (
        ModelVersion.objects.order_by()
        .values_list("org_id")
        .union(ModelActivation.objects.order_by().values_list("org_id"))
    )
    return sorted(org_id for (org_id,) in kept)
