"""Scoring many leads in the background, as a job to follow."""

from __future__ import annotations

from typing import Any

from django.db import models

from common.jobs import Job, JobQuerySet


class ScoreJob(Job):
    """Which leads, how many of them are done, and how many could not be scored."""

    criteria = models.JSONField("filter", default=dict, blank=True)
    total = models.PositiveIntegerField(default=0)
    scored = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "ml_score_job"
        indexes = [models.Index(fields=["org_id", "-created_at"], name="ml_score_job_newest")]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.status}"

    def to_json(self) -> dict[str, Any]:
        """As the contract shows it."""
        return {
            "id": str(self.pk),
            "status": self.status,
            "progress": self.progress,
            "total": self.total,
            "scored": self.scored,
            "failed": self.failed,
            "filter": self.criteria,
            "error": self.error or None,
            "created_at": self.created_at,
            "finished_at": self.finished_at,
        }
