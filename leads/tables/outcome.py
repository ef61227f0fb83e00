"""What became of a lead, and the score it has now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.db.models.functions import Now

from common.serializers import iso
from common.tenancy import OrgQuerySet, OrgScoped
from leads.tables.dossier import Dossier


class Origin(models.TextChoices):
    """How we know. What was recorded goes before what a status implies."""

    RECORDED = "RECORDED", "recorded as an outcome"
    STATUS = "STATUS", "follows from the lead's status"


class OutcomeQuerySet(OrgQuerySet["Outcome"]):
    """Outcomes, corrected ones among them."""

    def current(self) -> Self:
        """As known now."""
        return self.filter(superseded_at__isnull=True)


class Outcome(OrgScoped):
    """Converted or not, when, and for how much. A correction supersedes the row and never deletes it.

    `is_exact` is false where we only know that it was decided by `occurred_at`, not when.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="outcomes")
    converted = models.BooleanField()
    occurred_at = models.DateTimeField()
    revenue = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())
    superseded_at = models.DateTimeField(null=True, blank=True)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.RECORDED)
    is_exact = models.BooleanField(default=True)
    recorded_by = models.CharField(max_length=150, blank=True)

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        db_table = "lead_outcome"
        constraints = [
            # A lead has one current outcome; corrected ones stay as superseded rows.
            models.UniqueConstraint(
                fields=["dossier"], condition=models.Q(superseded_at__isnull=True), name="lead_outcome_one_current"
            )
        ]
        indexes = [models.Index(fields=["org_id", "occurred_at"], name="lead_outcome_org_at")]

    def __str__(self) -> str:
        return "converted" if self.converted else "lost"

    def to_json(self) -> dict[str, Any]:
        """As the contract shows it."""
        revenue = None if self.revenue is None else float(self.revenue)
        return {"converted": self.converted, "occurred_at": iso(self.occurred_at), "revenue": revenue}


class LeadScoreQuerySet(OrgQuerySet["LeadScore"]):
    """Current scores by where their leads stand."""

    def of_open_leads(self) -> Self:
        """Those whose lead no current outcome has decided: in the order of a list, a step in an index each."""
        return self.filter(is_decided=False)

    def among(self, keys: Iterable[int]) -> Self:
        """Those of leads with these keys, which may be many: each score is looked up among them, in turn."""
        told = models.Value(f"{{{','.join(map(str, keys))}}}")
        is_among = models.Func(
            models.F("dossier"),
            told,
            arg_joiner=" = ANY(",
            template="%(expressions)s::bigint[])",
            output_field=models.BooleanField(),
        )
        return self.filter(is_among)


class LeadScore(OrgScoped):
    """The current score of a lead, one row each, so that lists are sorted by an index. Null: not scored yet.

    `is_decided` says whether the lead has a current outcome. The database keeps it, by triggers on outcomes (migration
    0007), and makes the row of a lead that is decided before it is scored.
    """

    dossier = models.OneToOneField(Dossier, on_delete=models.CASCADE, related_name="score")
    probability = models.FloatField(null=True)
    confidence = models.FloatField(null=True)
    expected_value = models.FloatField(null=True)
    action = models.CharField(max_length=16, blank=True, db_default="")
    method = models.CharField(max_length=16, blank=True, db_default="")
    model_version = models.CharField(max_length=14, null=True, blank=True)
    prediction_id = models.BigIntegerField(null=True)
    scored_at = models.DateTimeField(null=True)
    is_decided = models.BooleanField(db_default=False)

    objects = LeadScoreQuerySet.as_manager()

    class Meta:
        db_table = "lead_score"
        indexes = [
            models.Index(
                fields=["org_id", "is_decided", "-probability", "dossier"], name="lead_score_list_probability"
            ),
            models.Index(fields=["org_id", "is_decided", "-expected_value", "dossier"], name="lead_score_list_value"),
        ]

    def __str__(self) -> str:
        return "not scored" if self.probability is None else f"{self.probability:.0%}"

    def to_json(self) -> dict[str, Any]:
        """As the contract shows it; only where the lead is scored."""
        return score_json(self)


def score_json(score: Any) -> dict[str, Any]:
    """A current score, or whatever has its columns, as the contract shows it; only where the lead is scored."""
    assert score.scored_at is not None
    return {
        "conversion_probability": score.probability,
        "confidence": score.confidence,
        "expected_value": score.expected_value,
        "recommended_action": score.action,
        "method": score.method,
        "model_version": score.model_version,
        "prediction_id": score.prediction_id,
        "predicted_at": iso(score.scored_at),
    }
