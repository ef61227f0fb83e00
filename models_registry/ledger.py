"""The ledger of what is live: rows are appended under one lock, and their chain can be proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from models_registry.chain import BEGINNING
from models_registry.models import ModelActivation, ModelVersion

ONE_CHANGE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext(%s))"


def lock(org_id: str) -> list[ModelVersion]:
    """The organisation's versions, locked until the transaction ends: nobody else changes meanwhile what is live.

    The advisory lock orders changes even where the first version of all is only being written.
    """
    with connection.cursor() as cursor:
        cursor.execute(ONE_CHANGE_AT_A_TIME, [f"live state of {org_id}"])
    return list(ModelVersion.objects.of(org_id).select_for_update().order_by("pk"))


def append(
    version: ModelVersion,
    *,
    thresholds: Mapping[str, float],
    act: str,
    by: str,
    at: datetime,
    reason: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> ModelActivation:
    """Writes that this version, with its calibration and these thresholds, is live from `at` on. Needs `lock`."""
    last = ModelActivation.objects.last(version.org_id)
    row = ModelActivation(
        org_id=version.org_id,
        number=last.number + 1 if last else 1,
        version=version.version,
        digest=version.digest,
        calibration=version.calibration,
        thresholds=dict(thresholds),
        act=act,
        by=by,
        at=max(at, last.at) if last else at,
        reason=reason,
        evidence=dict(evidence or {}),
        previous_hash=last.hash if last else BEGINNING,
    )
    row.hash = row.hash_now()
    row.save(force_insert=True)
    return row


@dataclass(frozen=True)
class Broken:
    """Where a chain is not what was written: the row's number, and why."""

    number: int
    words: str


@transaction.atomic
def verify(org_id: str) -> Broken | None:
    """Proves the organisation's chain from its first row to what is live now; None where it holds."""
    lock(org_id)
    previous, number, row = BEGINNING, 0, None
    for row in ModelActivation.objects.of(org_id).order_by("number").iterator():
        number += 1
        if row.number != number:
            return Broken(number, "the row is missing")
        if row.previous_hash != previous:
            return Broken(number, "the row before it is not the one that it followed")
        if row.hash_now() != row.hash:
            return Broken(number, "its content is not what was written")
        previous = row.hash
    return _differs_from_the_present(org_id, row, number)


def _differs_from_the_present(org_id: str, last: ModelActivation | None, number: int) -> Broken | None:
    """A chain whose end was cut off holds in itself, and no longer says what is live."""
    active = ModelVersion.objects.of(org_id).active().first()
    told = (last.version, last.digest, last.calibration) if last else None
    live = (active.version, active.digest, active.calibration) if active else None
    return None if told == live else Broken(number, "what is live now is not what the last row says")


def organisations() -> list[str]:
    """Those that have a ledger or a version."""
    kept = (
        ModelVersion.objects.order_by()
        .values_list("org_id")
        .union(ModelActivation.objects.order_by().values_list("org_id"))
    )
    return sorted(org_id for (org_id,) in kept)
