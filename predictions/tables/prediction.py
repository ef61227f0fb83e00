"""A prediction as it was given, with the vector that it was made from."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from common.serializers import iso
from common.tenancy import OrgQuerySet, OrgScoped
from experiments.models import Experiment
from leads.models import Dossier
from models_registry.tables.version import VERSION_LENGTH
from predictions import unpacking


class Method(models.TextChoices):
    """What made the score."""

    RULE_BASED = "RULE_BASED", "the rules"
    ML = "ML", "a model"


VECTOR = ("stored_vector", "packed", "batch_id")
"""What a reader of vectors needs."""


class PredictionQuerySet(OrgQuerySet["Prediction"]):
    """Predictions in the ways they are asked for."""

    def of_dossier(self, dossier: Dossier) -> Self:
        """Those of a lead, newest first: by the index (dossier, predicted_at desc)."""
        return self.filter(dossier=dossier).order_by("-predicted_at", "-id")


class Prediction(OrgScoped):
    """What was answered for a lead (or for features that a caller sent), and when. Never changed.

    The table is partitioned by month of `predicted_at`. A row of bulk scoring has its vector packed, as a row of its
    batch, and its reasons are made when they are asked for.
    """

    dossier = models.ForeignKey(
        Dossier,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="predictions",
        db_index=False,
        db_constraint=False,  # it would lock the lead's row for each prediction
    )
    predicted_at = models.DateTimeField()
    as_of = models.DateTimeField(help_text="The moment as of which the lead was read.")
    method = models.CharField(max_length=16, choices=Method.choices)
    model_version = models.CharField(max_length=VERSION_LENGTH, null=True, blank=True)
    conversion_probability = models.FloatField()
    probability_low = models.FloatField()
    probability_high = models.FloatField()
    confidence = models.FloatField()
    base_probability = models.FloatField()
    recommended_action = models.CharField(max_length=16)
    stored_vector = models.JSONField(db_column="vector", null=True, blank=True)
    packed = models.BinaryField(null=True, blank=True)
    batch_id = models.BigIntegerField(null=True, blank=True)
    experiment = models.ForeignKey(
        Experiment, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    variant = models.CharField(max_length=32, blank=True)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        db_table = "ml_prediction"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(conversion_probability__gte=0, conversion_probability__lte=1),
                name="ml_prediction_probability",
            )
        ]
        indexes = [
            models.Index(fields=["dossier", "-predicted_at"], name="ml_prediction_dossier_newest"),
            # Of a small organisation beside a huge one, too. A chunk's rows share their keys, so these stay small.
            models.Index(fields=["org_id", "predicted_at"], name="ml_prediction_org_at"),
            models.Index(fields=["org_id", "model_version", "predicted_at"], name="ml_prediction_version_at"),
        ]

    def __str__(self) -> str:
        return f"{self.conversion_probability:.0%} at {self.predicted_at:%Y-%m-%d %H:%M}"

    @property
    def vector(self) -> list[list[Any]]:
        """[feature, value, contribution] for every feature, largest contribution first; see `is_unexplained`."""
        if self.stored_vector is None:
            unpacking.unpack([self])
        return self.stored_vector or []

    @vector.setter
    def vector(self, vector: list[list[Any]]) -> None:
        self.stored_vector = vector

    @property
    def is_unexplained(self) -> bool:
        """Whether no contributions can be made: of a row of bulk scoring, once its model is not to be had any more."""
        return self.packed is not None and not self.vector

    @property
    def inputs(self) -> dict[str, Any]:
        """Every feature's value."""
        return unpacking.inputs([self])[0]

    @property
    def prediction(self) -> int:
        """1 where the lead is more likely than not to convert."""
        return int(self.conversion_probability >= 0.5)

    @property
    def contributions(self) -> list[dict[str, Any]]:
        """Every feature with its value and its part of the probability, largest first. None if `is_unexplained`."""
        return [{"feature": name, "value": value, "contribution": part} for name, value, part in self.vector]

    def to_json(
        self, *, experiment: dict[str, Any] | None = None, outcome: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """As the contract shows a prediction of a lead. Needs `dossier` to be loaded."""
        number = self.dossier.number if self.dossier else None
        return {"id": self.pk, "dossier_id": number} | self.core_json() | {"experiment": experiment, "outcome": outcome}

    def core_json(self) -> dict[str, Any]:
        """What every prediction's answer holds, whoever held the features."""
        return {
            "org_id": self.org_id,
            "prediction": self.prediction,
            "conversion_probability": self.conversion_probability,
            "probability_interval": [self.probability_low, self.probability_high],
            "confidence": self.confidence,
            "model_version": self.model_version,
            "method": self.method,
            "recommended_action": self.recommended_action,
            "base_probability": self.base_probability,
            "feature_contributions": self.contributions,
            "predicted_at": iso(self.predicted_at),
        }
