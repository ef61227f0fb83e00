"""Archiving a version: its artefact is dropped for good, and its card stays. By a person, or by the schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError

from common import audit
from common.errors import Conflict
from common.one_by_one import for_each
from models_registry import ledger
from models_registry.models import ModelActivation, ModelArtefact, ModelVersion


class StillScores(Conflict):
    """409: the active version and the shadow are needed."""

    default_code = "still_scores"
    default_detail = "This version scores, or scores silently: let another one do so first."


class StillNeeded(Conflict):
    """409: the artefact is an experiment's arm."""

    default_code = "still_needed"
    default_detail = "An experiment that is not over scores by this version: stop it first."


@transaction.atomic
def archive_version(*, org_id: str, version: str, by: str, at: datetime, reason: str = "") -> ModelVersion:
    """Drops a version's artefact, so that it never scores again. One that is archived already is left as it is.

    Raises ModelVersion.DoesNotExist, StillScores, StillNeeded.
    """
    versions = {row.version: row for row in ledger.lock(org_id)}
    if version not in versions:
        raise ModelVersion.DoesNotExist(version)
    chosen = versions[version]
    if chosen.is_active or chosen.is_shadow:
        raise StillScores()
    if not chosen.archived and not _archive(chosen, by=by, at=at, reason=reason):
        raise StillNeeded()
    return chosen


def archive_old(*, at: datetime) -> int:
    """Archives the versions past their time, but for a few: those that were live last, then the newest. How many.

    Raises SomeFailed at the end where an organisation's could not be; a server that is away ends it at once.
    """
    organisations = ModelVersion.objects.values_list("org_id", flat=True).distinct().order_by("org_id")
    return sum(for_each(organisations, lambda org_id: archive_old_of(org_id, at=at), failure="versions_not_archived"))


@transaction.atomic
def archive_old_of(org_id: str, *, at: datetime) -> int:
    """The same for one organisation. Those that were live are the last to go: one goes back to them."""
    before = at - timedelta(days=settings.ML_ARCHIVE_AFTER_DAYS)
    earlier = [row for row in ledger.lock(org_id) if not (row.is_active or row.is_shadow or row.archived)]
    ended = ModelActivation.objects.ended_of(org_id)
    used = {row.version: ended.get(row.version, row.created_at) for row in earlier}
    earlier.sort(key=lambda row: (row.version in ended, used[row.version], row.version), reverse=True)
    old = [row for row in earlier[settings.ML_KEEP_VERSIONS :] if used[row.version] < before]
    return sum(_archive(row, by="schedule", at=at, reason="past its time") for row in old)


def _archive(row: ModelVersion, *, by: str, at: datetime, reason: str) -> bool:
    """Drops a version's artefact; False where somebody still points to it, as an experiment's arm does."""
    try:
        ModelArtefact.objects.filter(version=row).delete()
    except ProtectedError:
        return False
    row.archived_at = at
    row.save(update_fields=["archived_at"])
    audit.record(org_id=row.org_id, act="model.archive", subject=row.version, by=by, at=at, reason=reason)
    return True
