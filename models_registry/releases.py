"""Releasing an attribute that looks like a leak, and taking the release back. The next training goes by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from common import audit
from models_registry.models import ModelVersion, ReleasedAttribute
from models_registry.tables.release import PREFIX

LONGEST_SUBJECT = 128


class NoReason(ValueError):
    """A suspect is not released without a reason."""


def suspects_of(version: ModelVersion) -> list[dict[str, Any]]:
    """What the card says of attributes that looked like leaks, each with whether it has been released since."""
    released = ReleasedAttribute.objects.features(version.org_id)
    found = [each for each in version.card.get("leakage", []) if each["verdict"] in ("suspect", "released")]
    return [
        {**each, "attribute": each["feature"].removeprefix(PREFIX), "released": each["feature"] in released}
        for each in found
    ]


@dataclass(frozen=True)
class Suspects:
    """What looked like leaks when `version` was learnt, the newest; and all that has been released since ever."""

    version: ModelVersion | None
    found: list[dict[str, Any]]
    releases: list[ReleasedAttribute]

    def named(self, attribute: str) -> dict[str, Any] | None:
        """The suspect of that name."""
        return next((each for each in self.found if each["attribute"] == attribute), None)


def newest_suspects(org_id: str) -> Suspects:
    """Those of the newest version, as the next training would go by. Three statements."""
    version = ModelVersion.objects.of(org_id).newest_first().only("org_id", "version", "card").first()
    releases = list(ReleasedAttribute.objects.of(org_id).order_by("attribute"))
    return Suspects(version, suspects_of(version) if version else [], releases)


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
def withdraw_release(*, org_id: str, attribute: str, by: str, at: datetime) -> bool:
    """Keeps the attribute out again, where it looks like a leak; whether it was released."""
    release = ReleasedAttribute.objects.of(org_id).select_for_update().filter(attribute=attribute).first()
    if release is None:
        return False
    _record("leakage.withdraw", release, by, at)
    release.delete()
    return True


def _record(act: str, release: ReleasedAttribute, by: str, at: datetime, reason: str = "") -> None:
    subject, evidence = release.attribute[:LONGEST_SUBJECT], {"attribute": release.attribute}
    audit.record(org_id=release.org_id, act=act, subject=subject, by=by, at=at, reason=reason, evidence=evidence)
