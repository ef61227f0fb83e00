"""Releasing an attribute that looks like a leak, and taking the release back. The next training goes by it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from common import audit
from models_registry.models import ReleasedAttribute

LONGEST_SUBJECT = 128


class NoReason(ValueError):
    """A suspect is not released without a reason."""


@transaction.atomic
def release_suspect(*, org_id: str, attribute: str, by: str, at: datetime, reason: str) -> ReleasedAttribute:
    """Lets learning use the attribute (named without `attributes.`). Once released, the first release stands.

    Raises NoReason.
    """
    if not reason.strip():
        raise NoReason(attribute)
    release, is_new = ReleasedAttribute.objects.get_or_create(
        org_id=org_id, attribute=attribute, defaults={"by": by, "at": at, "reason": reason.strip()}
    )
    if is_new:
        _record("leakage.release", release, by, at, reason.strip())
    return release


@transaction.atomic
def withdraw_release(*, org_id: str, attribute: str, by: str, at: datetime, reason: str = "") -> bool:
    """Keeps the attribute out again, where it looks like a leak; whether it was released."""
    release = ReleasedAttribute.objects.of(org_id).select_for_update().filter(attribute=attribute).first()
    if release is None:
        return False
    _record("leakage.withdraw", release, by, at, reason.strip())
    release.delete()
    return True


def _record(act: str, release: ReleasedAttribute, by: str, at: datetime, reason: str) -> None:
    subject, evidence = release.attribute[:LONGEST_SUBJECT], {"attribute": release.attribute}
    audit.record(org_id=release.org_id, act=act, subject=subject, by=by, at=at, reason=reason, evidence=evidence)
