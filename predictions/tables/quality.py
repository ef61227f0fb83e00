"""How a version kept its word, as it was measured."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped
from models_registry.tables.version import VERSION_LENGTH


class QualityKind(models.TextChoices):
    """What was measured."""

    REALISED = "REALISED", "what was said, against what happened"
    REHEARSED = "REHEARSED", "said afterwards, as of then, of leads that the model had not seen"
    ESTIMATED = "ESTIMATED", "what is to be expected of leads whose outcome nobody knows yet"
    DRIFT = "DRIFT", "the newest leads against those of training"


class QualityQuerySet(OrgQuerySet["Quality"]):
    """Measurements by when they were taken."""

    def of_last_measurement(self) -> Self:
        """Those of the last measurement of the organisation that the rows are narrowed to."""
        return self.filter(at=self.order_by("-at").values("at")[:1])


class Quality(OrgScoped):
    """One measurement. An empty `version` stands for every model that scored; `window_days` 0 for all of the time."""

    version = models.CharField(max_length=VERSION_LENGTH, blank=True)
    kind = models.CharField(max_length=16, choices=QualityKind.choices)
    window_days = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()
    figures = models.JSONField(default=dict)

    objects = QualityQuerySet.as_manager()

    class Meta:
        db_table = "ml_quality"
        verbose_name_plural = "quality"
        constraints = [
            models.UniqueConstraint(fields=["org_id", "at", "version", "kind", "window_days"], name="ml_quality_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version or 'every model'} at {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_of_shadow(self) -> bool:
        """Whether it tells of what nobody was answered: beside it stands what was given for the same leads."""
        return "given" in self.figures

    def to_json(self) -> dict[str, Any]:
        """The window and its figures."""
        return {"window_days": self.window_days, **self.figures}

    @classmethod
    def drop_before(cls, at: datetime) -> int:
        """Forgets what was measured before a moment; how many rows."""
        return cls.objects.filter(at__lt=at).delete()[0]
