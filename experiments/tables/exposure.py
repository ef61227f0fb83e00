"""Who was in an experiment, and what every method said of them then."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped
from experiments.tables.experiment import Experiment
from leads.models import Dossier
from models_registry.models import ModelArtefact


class Exposure(OrgScoped):
    """A lead's arm in an experiment, from its first scoring on, and how often it was scored since.

    `probabilities` and `actions` are what each method said of the lead at that first scoring, in the order of the
    arms: the one taken, and the others silently; null where one of them failed. `source` and `owner` are the lead's of
    then.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="exposures", db_index=False)
    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="exposures")
    variant = models.CharField(max_length=32)
    first_at = models.DateTimeField()
    predictions = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=200, null=True, blank=True)
    owner = models.CharField(max_length=200, null=True, blank=True)
    probabilities = ArrayField(models.FloatField(), null=True, blank=True)
    actions = ArrayField(models.CharField(max_length=16), null=True, blank=True)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_exposure"
        constraints = [models.UniqueConstraint(fields=["experiment", "dossier"], name="ab_test_exposure_once")]
        indexes = [models.Index(fields=["experiment", "first_at"], name="ab_test_exposure_newest")]

    def __str__(self) -> str:
        return f"{self.dossier_id} in {self.variant}"


class PinnedArtefact(OrgScoped):
    """An arm needs this version's artefact: while the row stands, the database refuses to delete it."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="pinned")
    artefact = models.ForeignKey(ModelArtefact, on_delete=models.PROTECT, related_name="+")

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_pinned_artefact"
        constraints = [models.UniqueConstraint(fields=["experiment", "artefact"], name="ab_test_pinned_once")]

    def __str__(self) -> str:
        return f"{self.artefact_id} for {self.experiment_id}"
