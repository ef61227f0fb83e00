"""One training run, as a job to follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from common.jobs import OPEN_STATUSES, Job, JobQuerySet
from leads.cohorts import Labels
from models_registry.tables.version import ModelVersion


class Trigger(models.TextChoices):
    """Which door the run came in by."""

    API = "API", "the API"
    ADMIN = "ADMIN", "the admin"
    PAGE = "PAGE", "the pages"
    COMMAND = "COMMAND", "the command line"
    SCHEDULE = "SCHEDULE", "the schedule"
    OUTCOMES = "OUTCOMES", "new outcomes"
    DRIFT = "DRIFT", "drift"
    CALIBRATION = "CALIBRATION", "calibration"


class LabelKind(models.TextChoices):
    """What becomes of leads that are still undecided."""

    CENSORED = Labels.CENSORED.value, "others stand for them"
    DECIDED = Labels.DECIDED.value, "left out (for comparison)"


@dataclass(frozen=True)
class Window:
    """Leads created from `since` to `until`, as known at its end."""

    since: datetime
    until: datetime


class TrainingRun(Job):
    """What was asked for, how far it is, and what came of it."""

    trigger = models.CharField(max_length=16, choices=Trigger.choices, default=Trigger.API)
    because = models.TextField(blank=True, help_text="Which trigger fired, in words; empty where a person asked.")
    algorithm = models.CharField(max_length=32, default="random_forest")
    labels = models.CharField(
        max_length=16,
        choices=LabelKind.choices,
        default=LabelKind.CENSORED,
        help_text="How undecided leads are treated.",
    )
    notes = models.TextField(blank=True)
    since = models.DateTimeField(help_text="The earliest lead to learn from.")
    as_of = models.DateTimeField(help_text="The moment as of which the data are read.")
    outcomes = models.PositiveIntegerField(
        null=True, blank=True, help_text="Leads with an outcome when it was asked for."
    )
    last_outcome = models.BigIntegerField(
        null=True, blank=True, help_text="The newest outcome that was recorded when it was asked for."
    )
    counts = models.JSONField(default=dict, blank=True, help_text="Usable records, by outcome.")
    version = models.ForeignKey(ModelVersion, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")
    activated = models.BooleanField(default=False)
    verdict = models.TextField(blank=True, help_text="Why the version became active, or why not.")
    evidence = models.JSONField(default=dict, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "ml_training_run"
        constraints = [
            # At most one open run an organisation, however many ask at the same time.
            models.UniqueConstraint(
                fields=["org_id"], condition=models.Q(status__in=OPEN_STATUSES), name="ml_training_run_one_open"
            )
        ]
        indexes = [models.Index(fields=["org_id", "-created_at"], name="ml_training_run_newest")]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.status}"

    @property
    def window(self) -> Window:
        """Which leads it learns from."""
        return Window(self.since, self.as_of)

    def to_json(self) -> dict[str, Any]:
        """As the contract shows it."""
        return {
            "run_id": str(self.pk),
            "status": self.status,
            "stage": self.stage,
            "progress": self.progress,
            "messages": self.log,
            "version": self.version.version if self.version else None,
            "activated": self.activated,
            "verdict": self.verdict,
            "reason": self.error or self.verdict,
            "checks": [check.to_json() for check in self.checks.all()],
            "counts": self.counts,
            "algorithm": self.algorithm,
            "notes": self.notes,
            "trigger": self.trigger,
            "because": self.because,
            "started_by": self.started_by,
            "created_at": self.created_at,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
        }

    def seconds(self, *, at: datetime) -> float | None:
        """How long it has been, or was, at work."""
        return None if self.started_at is None else ((self.finished_at or at) - self.started_at).total_seconds()
