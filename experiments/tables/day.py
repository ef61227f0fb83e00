"""Days that are over, summed up: an experiment with a million leads is read as quickly as one with a thousand."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped
from experiments.tables.experiment import Experiment


class DayKind(models.TextChoices):
    """By what else the leads of a day are told apart."""

    SAID = "SAID", "what the methods said"
    SOURCE = "SOURCE", "source"
    OWNER = "OWNER", "owner"


class DaySum(OrgScoped):
    """Leads of an arm that came in on a day (UTC), by what was said of them, by source or by owner.

    `known` of them have the champion's probability; `chances` and `chances_squared` are its sums.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="day_sums")
    kind = models.CharField(max_length=8, choices=DayKind.choices)
    day = models.DateField()
    variant = models.CharField(max_length=32)
    actions = ArrayField(models.CharField(max_length=16), null=True, blank=True)
    stratum = models.CharField(max_length=200, null=True, blank=True)
    leads = models.PositiveIntegerField()
    known = models.PositiveIntegerField(default=0)
    chances = models.FloatField(default=0.0)
    chances_squared = models.FloatField(default=0.0)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_day_sum"

    def __str__(self) -> str:
        return f"{self.leads} of {self.variant} on {self.day}"
