"""How an organisation's sources and markets stood on a day, kept so that scoring one lead need not count all."""

from __future__ import annotations

import uuid

from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped


class StandingKind(models.TextChoices):
    """Of what."""

    SOURCES = "decided", "sources: how many leads were decided and won, and how many of them lately"
    MARKETS = "markets", "markets: how many leads came in the 30 days before"


class Standing(OrgScoped):
    """What `leads.standings` counted for the beginning of a day. Triggers forget it where what it counted changes.

    A row is never changed, and its key is never used again: what was read of it may be kept for good.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=StandingKind.choices)
    content = models.JSONField()

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "lead_standing"
        constraints = [models.UniqueConstraint(fields=["org_id", "kind", "day"], name="lead_standing_once")]

    def __str__(self) -> str:
        return f"{self.kind} on {self.day}"
