"""An import of a file, as a job to follow."""

from __future__ import annotations

from django.db import models

from common.jobs import Job, JobQuerySet
from common.phrasebook import CUT


class ImportJob(Job):
    """One file of leads or events, uploaded or read by the command: how far it is, and what it could not take."""

    file = models.FileField(upload_to="imports/%Y/%m/", blank=True)
    filename = models.CharField(max_length=255, blank=True)
    content = models.CharField(max_length=8, choices=[("leads", "leads"), ("events", "events")], default="leads")
    mapping = models.TextField(blank=True, help_text="TOML; empty: the columns are named as the contract names fields.")
    rows = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    rejects = models.JSONField(default=list, blank=True, help_text="The first rejected rows: line, reason, row.")

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "lead_import_job"
        indexes = [models.Index(fields=["org_id", "-created_at"], name="lead_import_job_newest")]

    def __str__(self) -> str:
        return f"{self.filename or self.pk} ({self.status})"

    def forget_filename(self) -> None:
        """Takes the file's name, which may be a person's, also out of what is said of an import that has ended."""
        self.messages = [each | {"text": self._without_name(each["text"])} for each in self.messages]
        self.error = self._without_name(self.error)
        self.filename = ""
        self.save(update_fields=["messages", "error", "filename"])

    def _without_name(self, text: str) -> str:
        begins = text.startswith((f"{self.filename}: ", f"{self.filename} has no column "))
        return f"{CUT}{text.removeprefix(self.filename)}" if begins else text
