"""The latest measurement of the active version, from stored rows, for pages, the API and Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.serializers import iso
from leads.models import Organisation
from models_registry.models import ModelVersion
from predictions.measurement import EVERY_MODEL
from predictions.models import Quality, QualityKind

NO_MODEL, NOT_YET = "no_active_model", "not_measured_yet"
FRESH = timedelta(days=2)
MOST_ORGANISATIONS = 200


@dataclass(frozen=True)
class Living:
    """What was measured last. `reason` is the code of why there is nothing, None where there is something."""

    version: ModelVersion | None
    measured_at: datetime | None
    realised: list[dict[str, Any]]
    every_model: list[dict[str, Any]]
    shadow: str | None
    """The version that scored silently when it was measured, and its figures beside those given for the same leads."""
    shadowed: list[dict[str, Any]]
    rehearsed: dict[str, Any] | None
    estimated: dict[str, Any] | None
    drift: dict[str, Any] | None
    reason: str | None

    def quality_json(self, org: Organisation) -> dict[str, Any]:
        """Figures that were realised, rehearsed and are to be expected."""
        return self._head() | {
            "horizon_days": org.horizon_days,
            "realised": self.realised,
            "every_model": self.every_model,
            "shadow": {"version": self.shadow, "realised": self.shadowed} if self.shadow else None,
            "rehearsed": self.rehearsed,
            "estimated": self.estimated,
        }

    def drift_json(self) -> dict[str, Any]:
        """What moved since training."""
        return self._head() | {"drift": self.drift}

    def _head(self) -> dict[str, Any]:
        return {
            "version": self.version.version if self.version else None,
            "measured_at": iso(self.measured_at),
            "reason": self.reason,
        }


def living_of(org_id: str) -> Living:
    """The last measurement of the organisation's active version. Two statements."""
    version = ModelVersion.objects.of(org_id).active().defer("importance", "features").first()
    if version is None:
        return Living(None, None, [], [], None, [], None, None, None, NO_MODEL)
    return _living(version, list(Quality.objects.of(org_id).of_last_measurement()))


def newest_living(*, at: datetime) -> list[Living]:
    """The same for every organisation with an active version, where it was measured not long before `at`.

    Two statements; the organisations whose versions are newest, where there are many.
    """
    versions = ModelVersion.objects.active().order_by("-created_at").only("org_id", "version")[:MOST_ORGANISATIONS]
    active = {version.org_id: version for version in versions}
    rows: dict[str, list[Quality]] = {}
    for row in Quality.objects.filter(org_id__in=list(active), at__gte=at - FRESH).order_by("-at"):
        of_org = rows.setdefault(row.org_id, [])
        if not of_org or of_org[0].at == row.at:
            of_org.append(row)
    return [_living(active[org_id], found) for org_id, found in rows.items()]


def _living(version: ModelVersion, rows: list[Quality]) -> Living:
    """Of the rows of one measurement. A shadow that has become active since was not measured as the active version."""
    if not any(row.version == version.version and not row.is_of_shadow for row in rows):
        return Living(version, None, [], [], None, [], None, None, None, NOT_YET)
    rows = sorted(rows, key=lambda row: row.window_days)
    shadow = next((row.version for row in rows if row.is_of_shadow), None)
    return Living(
        version=version,
        measured_at=rows[0].at,
        realised=_all(rows, QualityKind.REALISED, version.version),
        every_model=_all(rows, QualityKind.REALISED, EVERY_MODEL),
        shadow=shadow,
        shadowed=_all(rows, QualityKind.REALISED, shadow) if shadow else [],
        rehearsed=_one(rows, QualityKind.REHEARSED, version.version),
        estimated=_one(rows, QualityKind.ESTIMATED, version.version),
        drift=_one(rows, QualityKind.DRIFT, version.version),
        reason=None,
    )


def _all(rows: list[Quality], kind: QualityKind, version: str) -> list[dict[str, Any]]:
    return [row.to_json() for row in rows if (row.kind, row.version) == (kind, version)]


def _one(rows: list[Quality], kind: QualityKind, version: str) -> dict[str, Any] | None:
    return next(iter(_all(rows, kind, version)), None)
