"""Which version scores silently beside the active one: at most one an organisation, and nobody is answered by it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from common import audit
from common.errors import Conflict
from models_registry import artefacts, ledger
from models_registry.activation import Archived
from models_registry.models import ModelVersion


class AlreadyActive(Conflict):
    """409: the active version cannot be its own shadow."""

    default_code = "already_active"
    default_detail = "This version is the active one: it scores already, and is no shadow of itself."


class AnotherIsShadow(Conflict):
    """409: the version whose shadow is to end is none."""

    default_code = "another_is_shadow"
    default_detail = "This version is not the shadow (any more), so nothing was changed."


@transaction.atomic
def set_shadow(*, org_id: str, version: str, by: str, at: datetime, reason: str = "") -> ModelVersion:
    """Makes a version the shadow, instead of the one there was. The same again changes nothing.

    Raises ModelVersion.DoesNotExist, Archived, AlreadyActive, or FailedRehearsal.
    """
    versions = {row.version: row for row in ledger.lock(org_id)}
    if version not in versions:
        raise ModelVersion.DoesNotExist(version)
    chosen = versions[version]
    if chosen.is_shadow:
        return chosen
    if chosen.archived:
        raise Archived()
    if chosen.is_active:
        raise AlreadyActive()
    artefacts.rehearse(chosen)
    before = _without_shadow(list(versions.values()))
    chosen.is_shadow = True
    chosen.save(update_fields=["is_shadow"])
    audit.record(
        org_id=org_id, act="model.shadow", subject=version, by=by, at=at, reason=reason, before=before, after=version
    )
    return chosen


@transaction.atomic
def clear_shadow(*, org_id: str, by: str, at: datetime, reason: str = "", version: str | None = None) -> bool:
    """Ends the shadow; its figures stay. False where there was none.

    Raises AnotherIsShadow where it is not `version`, if that is told.
    """
    before = _without_shadow(ledger.lock(org_id))
    if version is not None and before != version:
        raise AnotherIsShadow()
    if before:
        audit.record(
            org_id=org_id, act="model.shadow", subject=before, by=by, at=at, reason=reason, before=before, after=""
        )
    return bool(before)


def _without_shadow(versions: list[ModelVersion]) -> str:
    shadow = next((row for row in versions if row.is_shadow), None)
    if shadow is None:
        return ""
    shadow.is_shadow = False
    shadow.save(update_fields=["is_shadow"])
    return shadow.version
