"""What an organisation has decided about its models: when to train, and which checks to make."""

from __future__ import annotations

from typing import Any

from django.core.validators import MinValueValidator
from django.db import models

from common.tenancy import DEFAULT_ORG, ORG_ID_LENGTH
from models_registry.tables.activation import CALIBRATING, ModelActivation
from models_registry.tables.run import TrainingRun
from models_registry.tables.version import ModelVersion


class Policy(models.Model):
    """When training starts by itself. An organisation without a row trains by the schedule alone."""

    org_id = models.CharField("organisation", primary_key=True, max_length=ORG_ID_LENGTH, default=DEFAULT_ORG)
    schedule = models.BooleanField(default=True, help_text="Train by the schedule, which is edited among the tasks.")
    new_outcomes = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Train once so many outcomes have come in since the last training; empty: not for that.",
    )
    on_drift = models.BooleanField("on drift", default=False, help_text="Train when leads differ from the past.")
    on_calibration = models.BooleanField(
        "on calibration", default=False, help_text="Train when what comes true leaves its band."
    )
    hours_between = models.PositiveSmallIntegerField(
        default=24, validators=[MinValueValidator(1)], help_text="The least hours from one training to the next."
    )
    behaviour_check = models.BooleanField(
        default=True, help_text="Refuse versions whose probability falls on average when a lead answers more."
    )

    class Meta:
        db_table = "ml_policy"
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(condition=models.Q(hours_between__gte=1), name="ml_policy_no_storm"),
            models.CheckConstraint(
                condition=models.Q(new_outcomes__isnull=True) | models.Q(new_outcomes__gte=1),
                name="ml_policy_outcomes_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"policy of {self.org_id}"

    @classmethod
    def get(cls, org_id: str) -> Policy:
        """The organisation's row, or one with the defaults, unsaved."""
        return cls.objects.filter(pk=org_id).first() or cls(org_id=org_id)

    def to_json(self) -> dict[str, Any]:
        """What it says, for the audit row."""
        return {field.name: getattr(self, field.name) for field in self._meta.concrete_fields if field.name != "org_id"}


class AlarmKind(models.TextChoices):
    """What was noticed of the active version."""

    DRIFT = "DRIFT", "leads differ from those it learnt from"
    CALIBRATION = "CALIBRATION", "what comes true has left its band"


class AlarmQuerySet(models.QuerySet["Alarm"]):
    """Alarms by what became of them."""

    def untrained(self) -> AlarmQuerySet:
        """Those that no training has answered: of an organisation one of each kind."""
        return self.filter(answered_by__isnull=True)

    def unanswered(self) -> AlarmQuerySet:
        """Those that wait for an answer. One of the calibration is answered, too, once its version has another.

        One of a version that gave way to another says nothing of what scores now: it waits while its version is active.
        One that has ended by itself waits for nothing.
        """
        recalibrated = ModelActivation.objects.filter(
            org_id=models.OuterRef("org_id"),
            version=models.OuterRef("model_version"),
            act__in=CALIBRATING,
            at__gt=models.OuterRef("raised_at"),
        )
        active = ModelVersion.objects.active().filter(
            org_id=models.OuterRef("org_id"), version=models.OuterRef("model_version")
        )
        standing = self.untrained().filter(ended_at__isnull=True)
        waiting = standing.filter(models.Q(models.Exists(active)) | models.Q(model_version=""))
        return waiting.exclude(models.Q(models.Exists(recalibrated), kind=AlarmKind.CALIBRATION))


class Alarm(models.Model):
    """Something noticed of the active version that training may answer, and of its calibration another calibration."""

    org_id = models.CharField("organisation", max_length=ORG_ID_LENGTH, default=DEFAULT_ORG)
    kind = models.CharField(max_length=16, choices=AlarmKind.choices)
    model_version = models.CharField(max_length=14, blank=True, help_text="The active version of which it was noticed.")
    words = models.TextField()
    evidence = models.JSONField(default=dict, blank=True)
    raised_at = models.DateTimeField()
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was looked for and no longer found; empty: not yet."
    )
    answered_by = models.ForeignKey(
        TrainingRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="alarms"
    )

    objects = AlarmQuerySet.as_manager()

    class Meta:
        db_table = "ml_alarm"
        constraints = [
            # What is noticed again, day by day, is one alarm until a training answers it.
            models.UniqueConstraint(
                fields=["org_id", "kind"], condition=models.Q(answered_by__isnull=True), name="ml_alarm_one_open"
            )
        ]
        indexes = [models.Index(fields=["org_id", "-raised_at"], name="ml_alarm_newest")]

    def __str__(self) -> str:
        return f"{self.raised_at:%Y-%m-%d} {self.kind}"
