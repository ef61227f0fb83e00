"""The rules that score where no model is active: points that staff can edit."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped
from models_registry.learning.rules import Rule, UnknownFeature, feature_of

MOST_POINTS = 100


class ScoringRule(OrgScoped):
    """So many points where a feature lies in a range (low inclusive, high exclusive; empty: unbounded).

    An organisation without rows of its own has the default table; its first edit copies that table.
    """

    feature = models.CharField(max_length=64)
    low = models.FloatField("from", null=True, blank=True)
    high = models.FloatField("to (exclusive)", null=True, blank=True)
    points = models.FloatField(help_text="Percentage points added to the probability; may be negative.")
    position = models.PositiveSmallIntegerField(default=0)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ml_scoring_rule"
        ordering = ["org_id", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(low__isnull=True) | models.Q(high__isnull=True) | models.Q(low__lt=models.F("high")),
                name="ml_scoring_rule_range_not_empty",
            ),
            models.CheckConstraint(
                condition=models.Q(points__gte=-MOST_POINTS, points__lte=MOST_POINTS),
                name="ml_scoring_rule_points_bounded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature}: {self.points:+g}"

    @property
    def rule(self) -> Rule:
        """As it scores."""
        return Rule(self.feature, self.low, self.high, self.points)

    def clean(self) -> None:
        """Raises ValidationError where the feature is unknown, the range empty, or the points more than there are."""
        try:
            feature_of(Rule(self.feature, self.low, self.high, self.points or 0.0))
        except UnknownFeature as error:
            words = f"{error} is not a numeric feature of the catalogue (see docs/features.md)."
            raise ValidationError({"feature": words}) from error
        if abs(self.points or 0.0) > MOST_POINTS:
            raise ValidationError({"points": f"must be from -{MOST_POINTS} to {MOST_POINTS}."})
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValidationError({"high": "must be greater than the lower bound."})
