"""The tables of this room."""

from django.db import models
from django.utils import timezone

from common.audit import AuditEntry
from common.service_tokens import ServiceToken
from common.tenancy import Membership, OrgQuerySet, OrgScoped

KEY_LENGTH = 255


class IdempotencyKey(OrgScoped):
    """A key that a caller has used, what it asked for with it, and what it was answered."""

    caller = models.CharField(max_length=150)
    key = models.CharField(max_length=KEY_LENGTH)
    fingerprint = models.CharField(max_length=64)
    dossier_number = models.BigIntegerField(null=True, blank=True)  # of the address; null where that is of no lead
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OrgQuerySet.as_manager()

    class Meta:
        db_table = "idempotency_key"
        constraints = [
            # Two requests with one key at once: the second waits here for the first, then reads its answer.
            models.UniqueConstraint(fields=["org_id", "caller", "key"], name="idempotency_key_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_created")]

    def __str__(self) -> str:
        return self.key


__all__ = ["AuditEntry", "IdempotencyKey", "Membership", "ServiceToken"]
