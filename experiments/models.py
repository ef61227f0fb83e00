"""Experiments between ways of scoring. The operations on them come with the experiments issue."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from common.tenancy import OrgQuerySet, OrgScoped
from leads.models import Dossier


class ExperimentStatus(models.TextChoices):
    """The life of an experiment."""

    DRAFT = "DRAFT", "Draft"
    RUNNING = "RUNNING", "Running"
    STOPPED = "STOPPED", "Stopped"


class Experiment(OrgScoped):
    """Two ways of scoring, and which share of the leads gets the first (control)."""

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    control_method = models.CharField(max_length=32)
    treatment_method = models.CharField(max_length=32)
    traffic_split = models.FloatField(default=0.5, help_text="The share of control, between 0 and 1.")
    status = models.CharField(max_length=16, choices=ExperimentStatus.choices, default=ExperimentStatus.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=150, blank=True)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_experiment"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(traffic_split__gt=0, traffic_split__lt=1), name="ab_test_split_inside"
            ),
            # One experiment at a time: a lead cannot be in two.
            models.UniqueConstraint(
                fields=["org_id"], condition=models.Q(status="RUNNING"), name="ab_test_one_running"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Exposure(OrgScoped):
    """A lead's arm in an experiment, from its first scoring on, and how often it was scored since."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="exposures")
    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="exposures")
    variant = models.CharField(max_length=32)
    first_at = models.DateTimeField()
    predictions = models.PositiveIntegerField(default=0)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ab_test_exposure"
        constraints = [models.UniqueConstraint(fields=["experiment", "dossier"], name="ab_test_exposure_once")]

    def __str__(self) -> str:
        return f"{self.dossier_id} in {self.variant}"
