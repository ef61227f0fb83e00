"""Attributes that look like leaks and that a person has released to learning nevertheless."""

from __future__ import annotations

from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped

PREFIX = "attributes."


class ReleasedQuerySet(OrgQuerySet["ReleasedAttribute"]):
    """Releases of an organisation."""

    def features(self, org_id: str) -> frozenset[str]:
        """The names of the features that learning may use though they look like leaks."""
        return frozenset(PREFIX + name for name in self.of(org_id).values_list("attribute", flat=True))


class ReleasedAttribute(OrgScoped):
    """One attribute that the next training may use. Withdrawing deletes the row; both leave audit rows."""

    attribute = models.CharField(max_length=200)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    reason = models.TextField()

    objects = ReleasedQuerySet.as_manager()

    class Meta:
        db_table = "ml_released_attribute"
        permissions = [("release_suspect", "Can release an attribute that looks like a leak")]
        constraints = [
            models.UniqueConstraint(fields=["org_id", "attribute"], name="ml_released_attribute_once"),
            # No release without a reason.
            models.CheckConstraint(condition=~models.Q(reason=""), name="ml_released_attribute_has_reason"),
        ]

    def __str__(self) -> str:
        return self.attribute
