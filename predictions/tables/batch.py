"""What the predictions of a chunk have in common, and the chunks of a job."""

from __future__ import annotations

from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped
from models_registry.tables.version import VERSION_LENGTH
from predictions.tables.job import ScoreJob


class PredictionBatch(OrgScoped):
    """Predictions made together: the features that their packed vectors hold in order, and what made them.

    Never changed. `words` are those that a category's number stands for; `calibration` is null where the artefact's own
    was live; `rules` are those that scored where no version did.
    """

    made_at = models.DateTimeField()
    model_version = models.CharField(max_length=VERSION_LENGTH, null=True, blank=True)
    features = models.JSONField()
    words = models.JSONField(default=list)
    calibration = models.JSONField(null=True, blank=True)
    rules = models.JSONField(null=True, blank=True)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "ml_prediction_batch"
        indexes = [models.Index(fields=["made_at"], name="ml_prediction_batch_made_at")]

    def __str__(self) -> str:
        return f"{self.model_version or 'rules'} at {self.made_at:%Y-%m-%d %H:%M}"


class ScoreChunk(models.Model):
    """A range of keys of a job's leads. Who scores it holds its row's lock until what was scored is stored.

    So a worker that dies leaves it as it was, with nothing of it stored, and it is scored once. That it was tried is
    noted before, so that a chunk which ends each worker that takes it is given up after a few.
    """

    job = models.ForeignKey(ScoreJob, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    first_key = models.BigIntegerField()
    last_key = models.BigIntegerField()
    scored = models.PositiveIntegerField(
        null=True, help_text="How many leads were scored; null while it is to be done."
    )
    done_at = models.DateTimeField(null=True, blank=True)
    # With defaults of the database's own: workers of the release before write no such columns.
    attempts = models.PositiveSmallIntegerField(db_default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    failed = models.PositiveIntegerField(null=True, help_text="How many leads were given up; null where none were.")
    error = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "ml_score_chunk"
        constraints = [models.UniqueConstraint(fields=["job", "first_key"], name="ml_score_chunk_once")]

    def __str__(self) -> str:
        return f"{self.first_key} to {self.last_key}"
