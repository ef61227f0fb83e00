"""What a shadow version would have said, beside a prediction that was given."""

from __future__ import annotations

from django.db import models

from common.tenancy import OrgScoped
from leads.models import Dossier
from models_registry.tables.version import VERSION_LENGTH


class ShadowPrediction(OrgScoped):
    """A shadow's probability for the lead of a prediction, from the same reading of it. Shown to no caller."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    prediction_id = models.BigIntegerField(help_text="The number of the prediction that was given.")
    model_version = models.CharField(max_length=VERSION_LENGTH)
    probability = models.FloatField()
    predicted_at = models.DateTimeField()
    as_of = models.DateTimeField(help_text="The moment as of which the lead was read.")

    class Meta:
        db_table = "ml_shadow_prediction"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(probability__gte=0, probability__lte=1), name="ml_shadow_prediction_probability"
            )
        ]
        indexes = [models.Index(fields=["model_version", "org_id", "predicted_at"], name="ml_shadow_version_org")]

    def __str__(self) -> str:
        return f"{self.probability:.0%} by {self.model_version}"
