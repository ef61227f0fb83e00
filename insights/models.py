"""What a person keeps of the pages for themselves: views of Today by a name of their own."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models

from common.tenancy import OrgQuerySet, OrgScoped

NAME_LENGTH, QUERY_LENGTH = 60, 2_000


class SavedViewQuerySet(OrgQuerySet["SavedView"]):
    """Views by whose they are."""

    def of_person(self, org_id: str, user: Any) -> Self:
        """The person's own in an organisation, by name."""
        return self.of(org_id).filter(user=user.pk).order_by("name")


class SavedView(OrgScoped):
    """What Today's address asked for, but the search: words of a lead are kept nowhere but with the lead."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=QUERY_LENGTH)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        db_table = "saved_view"
        constraints = [models.UniqueConstraint(fields=["user", "org_id", "name"], name="saved_view_name_once")]

    def __str__(self) -> str:
        return self.name
