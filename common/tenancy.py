"""Rows belong to an organisation, and so do people."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models

DEFAULT_ORG = "default"
ORG_ID_LENGTH = 64
CHOSEN_ORG = "chosen_org_id"


Row = TypeVar("Row", bound=models.Model)


class OrgQuerySet(models.QuerySet[Row]):
    """Rows that know whose they are."""

    def of(self, org_id: str) -> Self:
        """The organisation's own rows."""
        return self.filter(org_id=org_id)


class OrgScoped(models.Model):
    """A row of one organisation; no caller of another ever sees it."""

    org_id = models.CharField("organisation", max_length=ORG_ID_LENGTH, default=DEFAULT_ORG)

    class Meta:
        abstract = True


class Membership(models.Model):
    """The organisation a person works for. A person without one works for `default`."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership")
    org_id = models.CharField("organisation", max_length=ORG_ID_LENGTH, default=DEFAULT_ORG, db_index=True)

    class Meta:
        db_table = "membership"

    def __str__(self) -> str:
        return f"{self.user} in {self.org_id}"


def org_of(user: AbstractBaseUser | AnonymousUser, *, session: Any = None) -> str:
    """The organisation whose rows this person sees.

    A superuser may look at any organisation: the one chosen on the pages is kept in the session.
    """
    if session is not None and getattr(user, "is_superuser", False) and session.get(CHOSEN_ORG):
        return str(session[CHOSEN_ORG])
    membership = Membership.objects.filter(user=user.pk).first()
    return membership.org_id if membership else DEFAULT_ORG
