"""Scoring many leads in the background, as a job to follow."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from common.jobs import Job, JobQuerySet

NARROWING = ["status", "source", "region", "owner", "dossier_ids"]
"""The criteria that leave open leads out whatever is known of them."""


class ScoreJobQuerySet(JobQuerySet["ScoreJob"]):
    """Jobs by what they score."""

    def of_all_leads(self) -> Self:
        """Those that leave no open lead out."""
        narrow = models.Q(criteria__has_any_keys=NARROWING) | models.Q(criteria__contains={"changed_only": True})
        return self.exclude(narrow)


class ScoreJob(Job):
    """Which leads, how many of them are done, and how many could not be scored."""

    criteria = models.JSONField("filter", default=dict, blank=True)
    total = models.PositiveIntegerField(default=0)
    scored = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    objects = ScoreJobQuerySet.as_manager()

    class Meta:
        db_table = "ml_score_job"
        indexes = [models.Index(fields=["org_id", "-created_at"], name="ml_score_job_newest")]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.status}"

    @property
    def rows_per_second(self) -> float | None:
        """How many leads were scored in a second, since it started; None where it has not."""
        last = self.finished_at or self.heartbeat_at
        seconds = (last - self.started_at).total_seconds() if last and self.started_at else 0.0
        return self.scored / seconds if seconds > 0 else None

    def to_json(self) -> dict[str, Any]:
        """As the contract shows it."""
        return {
            "id": str(self.pk),
            "status": self.status,
            "progress": self.progress,
            "total": self.total,
            "scored": self.scored,
            "failed": self.failed,
            "rows_per_second": self.rows_per_second,
            "filter": self.criteria,
            "error": self.error or None,
            "created_at": self.created_at,
            "finished_at": self.finished_at,
        }
