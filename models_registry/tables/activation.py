"""The ledger: one row for each change of what is live, added and never changed."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import models

from common.chained import Chained, ChainQuerySet
from common.serializers import iso
from models_registry.tables.version import VERSION_LENGTH

HASHED = ("org_id", "number", "version", "digest", "calibration", "thresholds", "act", "by", "at", "reason", "evidence")
"""What a row's hash covers."""


class Act(models.TextChoices):
    """What changed the live state."""

    ACTIVATE = "activate", "a version was activated"
    ROLLBACK = "rollback", "an earlier version was restored"
    RECALIBRATE = "recalibrate", "the calibration was refitted"
    RESTORE = "restore", "an earlier calibration was restored"
    THRESHOLDS = "thresholds", "the thresholds were set"


CALIBRATING = (Act.RECALIBRATE, Act.RESTORE)
"""The acts that give a version another calibration while it is live."""


class ModelActivationQuerySet(ChainQuerySet["ModelActivation"]):
    """Questions about the ledger."""

    def live_at(self, org_id: str, at: datetime) -> ModelActivation | None:
        """What was live at a moment, in one statement by the index; None while the rules alone scored."""
        return self.of(org_id).filter(at__lte=at).order_by("-at", "-number").first()

    def last_of_version(self, org_id: str, version: str) -> ModelActivation | None:
        """How a version was when it last was live."""
        return self.of(org_id).filter(version=version).order_by("-number").first()

    def ended_of(self, org_id: str) -> dict[str, datetime]:
        """When each version that was live gave way to another one, for the last time."""
        rows = list(self.of(org_id).order_by("number").values_list("version", "at"))
        return {before: at for (before, _), (after, at) in pairwise(rows) if before != after}

    def calibrated_at(self, org_id: str, version: str) -> datetime | None:
        """When a version was last given another calibration; None where it still has its first."""
        last = self._last_calibrating(org_id, version)
        return last.at if last else None

    def restored_at(self, org_id: str, version: str) -> datetime | None:
        """When a version's calibration was taken back; None where it has not been, or was refitted since."""
        last = self._last_calibrating(org_id, version)
        return last.at if last and last.act == Act.RESTORE else None

    def _last_calibrating(self, org_id: str, version: str) -> ModelActivation | None:
        rows = self.of(org_id).filter(version=version, act__in=CALIBRATING)
        return rows.only("at", "act").order_by("-number").first()


class ModelActivation(Chained):
    """Which version, calibration and thresholds were live from `at` on. A trigger refuses every update and delete.

    `calibration` null is the artefact's own; `thresholds` are always told in full. `number` counts the organisation's
    rows from 1, and `at` never goes back along them.
    """

    HASHED = HASHED

    version = models.CharField(max_length=VERSION_LENGTH)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the version's artefact.")
    calibration = models.JSONField(null=True, blank=True)
    thresholds = models.JSONField()
    act = models.CharField(max_length=16, choices=Act.choices)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, blank=True)

    objects = ModelActivationQuerySet.as_manager()

    class Meta:
        db_table = "ml_activation"
        constraints = [
            # The chain cannot fork: of two rows with one number, one is refused.
            models.UniqueConstraint(fields=["org_id", "number"], name="ml_activation_number_once")
        ]
        indexes = [
            models.Index(fields=["org_id", "-at", "-number"], name="ml_activation_live_at"),
            models.Index(fields=["org_id", "version", "-number"], name="ml_activation_of_version"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.act} {self.version}"

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        shown = {name: getattr(self, name) for name in HASHED if name != "org_id"}
        return shown | {"at": iso(self.at), "previous_hash": self.previous_hash, "hash": self.hash}
