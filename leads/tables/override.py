"""What a person thinks of a lead, beside what the model says of it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped
from leads.tables.dossier import Dossier


class OverrideQuerySet(OrgQuerySet["Override"]):
    """Overrides as they stand."""

    def standing(self) -> Self:
        """Those that have not been replaced or taken back."""
        return self.filter(ended_at__isnull=True)

    def stood_at(self, at: datetime | models.F) -> Self:
        """Those that stood at a moment, which may be one of a row's own: one a lead at most."""
        return self.filter(models.Q(ended_at__isnull=True) | models.Q(ended_at__gt=at), at__lte=at)


class Override(OrgScoped):
    """A person's own probability for a lead, with the reason; the model's score at that moment is kept beside it.

    A lead has one that stands. It changes neither scores nor training: it is compared with the model once the lead is
    decided.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="overrides", db_index=False)
    probability = models.FloatField()
    action = models.CharField(max_length=16)
    reason = models.TextField()
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    model_probability = models.FloatField(help_text="What the model said then.")
    model_action = models.CharField(max_length=16)
    model_version = models.CharField(max_length=14, null=True, blank=True)
    prediction_id = models.BigIntegerField(null=True)

    objects = OverrideQuerySet.as_manager()

    class Meta:
        db_table = "lead_override"
        constraints = [
            # A lead has at most one override that stands.
            models.UniqueConstraint(
                fields=["dossier"], condition=models.Q(ended_at__isnull=True), name="lead_override_one_standing"
            ),
            models.CheckConstraint(
                condition=models.Q(probability__gte=0, probability__lte=1), name="lead_override_probability"
            ),
        ]
        indexes = [
            models.Index(fields=["dossier", "-at"], name="lead_override_dossier_at"),
            models.Index(fields=["org_id", "-at"], name="lead_override_org_at"),
        ]

    def __str__(self) -> str:
        return f"{self.probability:.0%} by {self.by}"

    def stood_at(self, at: datetime) -> bool:
        """Whether it had been given at a moment, and neither replaced nor taken back."""
        return self.at <= at and (self.ended_at is None or self.ended_at > at)
