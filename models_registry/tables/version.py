"""A learned model, its card, and its artefact."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.utils import timezone

from common.tenancy import OrgQuerySet, OrgScoped

VERSION_LENGTH = 14


class ModelVersionQuerySet(OrgQuerySet["ModelVersion"]):
    """Versions by what may be done with them."""

    def active(self) -> Self:
        """The one that scores now; none where the rules do."""
        return self.filter(is_active=True)

    def shadow(self) -> Self:
        """The one that scores silently beside the active one."""
        return self.filter(is_shadow=True)

    def usable(self) -> Self:
        """Those that can be made active: the artefact is still kept."""
        return self.filter(archived_at__isnull=True)

    def newest_first(self) -> Self:
        """By version, which is the time of making."""
        return self.order_by("-version")

    def next_free_name(self, org_id: str, *, at: datetime) -> str:
        """`YYYYMMDDHHMMSS` in UTC of `at`, or of the next second that is free."""
        taken = set(self.of(org_id).filter(version__gte=f"{at:%Y%m%d%H%M%S}").values_list("version", flat=True))
        while f"{at:%Y%m%d%H%M%S}" in taken:
            at += timedelta(seconds=1)
        return f"{at:%Y%m%d%H%M%S}"


class ModelVersion(OrgScoped):
    """One version of an organisation's model. Its card is plain data and outlives its artefact."""

    version = models.CharField(max_length=VERSION_LENGTH)
    algorithm = models.CharField(max_length=32)
    is_active = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    metrics = models.JSONField(default=dict)
    features = models.JSONField(default=list, help_text="Each feature with type, unit, range and meaning.")
    importance = models.JSONField(default=list, help_text='[{"feature", "importance"}], largest first, summing to 1.')
    card = models.JSONField(default=dict, help_text="What it was trained from, and how it was measured.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the artefact.")
    notes = models.TextField(blank=True)
    created_by = models.CharField(max_length=150, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    calibration = models.JSONField(null=True, blank=True, help_text="Refitted since; empty: the artefact's own.")
    thresholds = models.JSONField(null=True, blank=True, help_text="Its own; empty: the installation's.")
    is_shadow = models.BooleanField("shadow", default=False, help_text="Scores silently beside the active version.")

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        db_table = "ml_model_version"
        permissions = [
            ("activate_modelversion", "Can train, activate and roll back models"),
            ("override_gate", "Can activate a version that the gate has not passed"),
            ("archive_modelversion", "Can drop a version's artefact for good"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["org_id", "version"], name="ml_model_version_once"),
            # At most one active version: where two people activate at once, the database lets one of them win.
            models.UniqueConstraint(
                fields=["org_id"], condition=models.Q(is_active=True), name="ml_model_version_one_active"
            ),
            models.CheckConstraint(
                condition=models.Q(is_active=False) | models.Q(archived_at__isnull=True),
                name="ml_model_version_active_is_kept",
            ),
            models.UniqueConstraint(
                fields=["org_id"], condition=models.Q(is_shadow=True), name="ml_model_version_one_shadow"
            ),
            models.CheckConstraint(
                condition=models.Q(is_shadow=False) | models.Q(archived_at__isnull=True, is_active=False),
                name="ml_model_version_shadow_is_kept_and_not_active",
            ),
        ]
        indexes = [models.Index(fields=["org_id", "is_active"], name="ml_model_version_org_active")]

    def __str__(self) -> str:
        return self.version

    @property
    def archived(self) -> bool:
        """Whether only the card is left."""
        return self.archived_at is not None

    def to_json(self) -> dict[str, Any]:
        """As the list of versions shows it."""
        return {
            "version": self.version,
            "is_active": self.is_active,
            "created_at": self.created_at,
            "metrics": self.metrics,
            "algorithm": self.algorithm,
            "notes": self.notes,
            "archived": self.archived,
        }


class ModelArtefact(models.Model):
    """The bytes of a version, in a table of their own, so that lists of versions do not read them."""

    version = models.OneToOneField(ModelVersion, on_delete=models.CASCADE, related_name="artefact", primary_key=True)
    content = models.BinaryField()

    class Meta:
        db_table = "ml_model_artefact"

    def __str__(self) -> str:
        return f"artefact of {self.version_id}"
