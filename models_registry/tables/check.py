"""What was checked of a version before it could be active."""

from __future__ import annotations

from typing import Any

from django.db import models

from models_registry.tables.run import TrainingRun


class TrainingCheck(models.Model):
    """One check of the version that a run made: whether it passed, why in words, and the figures behind it."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="checks", db_index=False)
    name = models.CharField(max_length=32)
    passed = models.BooleanField()
    words = models.TextField()
    evidence = models.JSONField(default=dict, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "ml_training_check"
        ordering = ["run_id", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="ml_training_check_once")]

    def __str__(self) -> str:
        return f"{self.name}: {'passed' if self.passed else 'failed'}"

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"name": self.name, "passed": self.passed, "words": self.words, "evidence": self.evidence}
