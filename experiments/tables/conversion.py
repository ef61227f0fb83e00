"""What is kept of conversions and predictions, so that a look at a million leads counts few rows.

Triggers see to it that what is kept, and what they noted since, are together what would be counted.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped
from experiments.tables.experiment import Experiment


class Conversion(OrgScoped):
    """A conversion that counts, as it was when it was last kept: of a lead that came in on a day that is over (UTC).

    `day` counts from the exposure (0 is the first); `probability` is the champion's. No foreign keys: they would lock
    the exposures' rows, and a trigger deletes the row with its exposure.
    """

    exposure_id = models.BigIntegerField(primary_key=True)
    experiment = models.ForeignKey(
        Experiment, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    variant = models.CharField(max_length=32)
    came = models.DateField()
    day = models.PositiveSmallIntegerField()
    actions = ArrayField(models.CharField(max_length=16), null=True, blank=True)
    revenue = models.FloatField(null=True, blank=True)
    probability = models.FloatField(null=True, blank=True)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_conversion"
        indexes = [models.Index(fields=["experiment", "came"], name="ab_test_conversion_days")]

    def __str__(self) -> str:
        return f"{self.variant} on day {self.day}"


class ConversionSum(OrgScoped):
    """The kept conversions of an arm's leads that came in on a day (UTC), by the day on which they converted; or, where
    `day` is null, by what the methods said of them.

    `known` of them have the champion's probability, whose sum is `chances`. A day's are made anew by a function of the
    database, `ab_test_sum_conversions`, with each of its kept conversions that changes.
    """

    experiment = models.ForeignKey(
        Experiment, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    variant = models.CharField(max_length=32)
    came = models.DateField()
    day = models.PositiveSmallIntegerField(null=True, blank=True)
    actions = ArrayField(models.CharField(max_length=16), null=True, blank=True)
    conversions = models.PositiveIntegerField()
    known = models.PositiveIntegerField()
    chances = models.FloatField()

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_conversion_sum"
        indexes = [models.Index(fields=["experiment", "came"], name="ab_test_conversion_sum_days")]

    def __str__(self) -> str:
        return f"{self.conversions} of {self.variant} that came on {self.came}"


class ChangedOutcome(OrgScoped):
    """The outcome of an exposed lead has changed since its conversion was kept, or not: it is counted anew.

    Written by a trigger in the transaction of the change. Nothing is unique here, so nobody waits for anybody.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    exposure_id = models.BigIntegerField()

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_changed_outcome"

    def __str__(self) -> str:
        return f"exposure {self.exposure_id}"


class PredictionTally(OrgScoped):
    """So many predictions more of an arm's leads; the sum of its rows is all of them.

    Written by a trigger for each statement that writes exposures, and added up every hour.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    variant = models.CharField(max_length=32)
    predictions = models.BigIntegerField()

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_prediction_tally"

    def __str__(self) -> str:
        return f"{self.predictions:+} of {self.variant}"
