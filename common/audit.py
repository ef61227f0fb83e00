"""Who did what, when and why: rows that can be added and never changed, and whose chain can be proved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.db import models, transaction

from common import chained
from common.chained import Chained, ChainQuerySet, Proof

log = structlog.get_logger(__name__)


class AuditQuerySet(ChainQuerySet["AuditEntry"]):
    """Questions about audit rows."""


class AuditEntry(Chained):
    """One act of a person, a service or the engine itself. A database trigger refuses every update and delete."""

    HASHED = ("org_id", "number", "act", "subject", "by", "at", "before", "after", "reason", "evidence")

    act = models.CharField(max_length=64)
    subject = models.CharField(max_length=128, blank=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    before = models.CharField("from", max_length=128, blank=True)
    after = models.CharField("to", max_length=128, blank=True)
    reason = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        db_table = "audit_entry"
        verbose_name_plural = "audit entries"
        constraints = [
            # The chain cannot fork: of two rows with one number, one is refused.
            models.UniqueConstraint(fields=["org_id", "number"], name="audit_entry_number_once")
        ]
        indexes = [
            models.Index(fields=["org_id", "-at"], name="audit_entry_org_at"),
            models.Index(fields=["org_id", "act", "-at"], name="audit_entry_org_act"),
            models.Index(fields=["org_id", "subject", "-at"], name="audit_entry_org_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by}: {self.act} {self.subject}"


@transaction.atomic
def record(
    *,
    org_id: str,
    act: str,
    by: str,
    at: datetime,
    subject: str = "",
    before: str = "",
    after: str = "",
    reason: str = "",
    evidence: dict[str, Any] | None = None,
) -> AuditEntry:
    """Writes one entry, inside the caller's transaction, so that no act stands without its row.

    Acts of one organisation that write here take turns until they are committed: keep what follows short. The entry
    outlives everything: it may name a lead by its number, and tells nothing else of a person who is one.
    """
    chained.lock(org_id)
    entry = AuditEntry(
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
    entry.append_after(AuditEntry.objects.end_of(org_id))
    # Logs are kept elsewhere: whoever rewrites the whole chain cannot rewrite them, too.
    log.info("audit_recorded", org_id=org_id, act=act, number=entry.number, hash=entry.hash)
    return entry


def verify(org_id: str) -> Proof[AuditEntry]:
    """Proves the organisation's chain from its first row to its last."""
    return chained.follow(AuditEntry.objects.of(org_id).order_by("number").iterator())


def organisations() -> list[str]:
    """Those that have an entry."""
    return sorted(AuditEntry.objects.order_by().values_list("org_id", flat=True).distinct())


def has(org_id: str, number: int, hash_: str) -> bool:
    """Whether a row that was the chain's end once is in it still."""
    return AuditEntry.objects.of(org_id).filter(number=number, hash=hash_).exists()
