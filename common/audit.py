"""Who did what, when and why: rows that can be added and never changed."""

from __future__ import annotations

from typing import Any

from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped


class AuditEntry(OrgScoped):
    """One act of a person, a service or the engine itself. A database trigger refuses every update and delete."""

    act = models.CharField(max_length=64)
    subject = models.CharField(max_length=128, blank=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    before = models.CharField("from", max_length=128, blank=True)
    after = models.CharField("to", max_length=128, blank=True)
    reason = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, blank=True)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "audit_entry"
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["org_id", "-at"], name="audit_entry_org_at")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by}: {self.act} {self.subject}"


def record(
    *,
    org_id: str,
    act: str,
    by: str,
    at: Any,
    subject: str = "",
    before: str = "",
    after: str = "",
    reason: str = "",
    evidence: dict[str, Any] | None = None,
) -> AuditEntry:
    """Writes one entry, inside the caller's transaction, so that no act stands without its row."""
    return AuditEntry.objects.create(
        org_id=org_id,
        act=act,
        subject=subject,
        by=by,
        at=at,
        before=before,
        after=after,
        reason=reason,
        evidence=evidence or {},
    )
