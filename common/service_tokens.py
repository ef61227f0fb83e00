"""Tokens of programs: signed, so that nothing secret is kept; a row each, so that they can be listed and revoked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import AccessToken, Token

from common import audit
from common.prepared import Prepared
from common.scopes import SCOPES
from common.tenancy import ORG_ID_LENGTH, OrgQuerySet, OrgScoped
from common.together import Together

LONGEST_NAME = 150
LONGEST_DAYS = 3650
USE_IS_NOTED_EVERY = timedelta(minutes=5)
LISTED = f"""(
    SELECT json_object_agg(
        id, last_used_at IS NULL OR last_used_at < %(now)s - interval '{USE_IS_NOTED_EVERY.total_seconds()} seconds'
    )::text
    FROM service_token WHERE id = ANY(%(tokens)s::uuid[]) AND revoked_at IS NULL
)"""  # noqa: S608 - our own words
"""Which of some tokens are listed and not revoked, as an expression in SQL: for `refusals`.

So any statement can look up the tokens of those who ask for it. Each with whether it is time to note its use.
"""
NEEDED = {"tokens": "uuid[]", "now": "timestamptz"}
"""The parameters of `LISTED`, and their types."""
Tokens = Sequence[str | None]
"""The number of each caller's token; None of those who show none of ours."""
Refusals = Sequence[InvalidToken | None]
"""For each caller None, or what it is told in place of an answer."""
# SQL and not the ORM: it is sent with every request, and building it takes the ORM several times as long as PostgreSQL.
LOOK = Prepared(f"SELECT {LISTED}", NEEDED)


class ServiceTokenQuerySet(OrgQuerySet["ServiceToken"]):
    """Tokens by whether they open a door."""

    def valid(self, *, at: datetime) -> Self:
        """Those neither revoked nor expired."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=at)


class ServiceToken(OrgScoped):
    """What is known of a program's token; the token itself is shown once and kept nowhere."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # the token's jti
    name = models.CharField(max_length=LONGEST_NAME, help_text="Who it is for, as audit rows will say.")
    scopes = ArrayField(models.CharField(max_length=32))
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To within five minutes.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ServiceTokenQuerySet.as_manager()

    class Meta:
        db_table = "service_token"
        indexes = [models.Index(fields=["org_id", "-created_at"], name="service_token_org_created")]

    def __str__(self) -> str:
        return f"{self.name} ({self.pk})"

    def state(self, *, at: datetime) -> str:
        """`valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.expires_at > at else "expired"


@dataclass(frozen=True)
class Issued:
    """A new token: its row, and the text that is shown once."""

    row: ServiceToken
    token: str


@transaction.atomic
def issue(*, name: str, org_id: str, scopes: list[str], days: float, by: str) -> Issued:
    """A token for a program. Raises ValueError where a scope is unknown, or a name or the days are none or too many."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValueError(f"unknown scopes: {', '.join(unknown)}; known are {', '.join(SCOPES)}")
    if not 0 < days <= LONGEST_DAYS:
        raise ValueError(f"a token is valid for more than 0 and at most {LONGEST_DAYS} days")
    for what, text, longest in (
        ("a token's name", name, LONGEST_NAME),
        ("an organisation's id", org_id, ORG_ID_LENGTH),
    ):
        if not 0 < len(text) <= longest:
            raise ValueError(f"{what} has 1 to {longest} characters")
        if not text.isprintable():
            raise ValueError(f"{what} has no line break, and nothing else that cannot be seen")
    now = timezone.now()
    row = ServiceToken.objects.create(
        name=name, org_id=org_id, scopes=scopes, created_at=now, created_by=by, expires_at=now + timedelta(days=days)
    )
    evidence = {"name": name, "scopes": scopes, "expires_at": row.expires_at.isoformat()}
    audit.record(org_id=org_id, act="token.issue", subject=str(row.pk), by=by, at=now, evidence=evidence)
    return Issued(row, _signed(row))


def _signed(row: ServiceToken) -> str:
    token = AccessToken()
    token.set_exp(from_time=row.expires_at, lifetime=timedelta())
    token["jti"], token["sub"] = row.pk.hex, row.name
    token["org_id"], token["scope"] = row.org_id, " ".join(row.scopes)
    return str(token)


@transaction.atomic
def revoke(row: ServiceToken, *, by: str) -> bool:
    """Closes every door to it at once; False where that was so already."""
    now = timezone.now()
    if not ServiceToken.objects.filter(pk=row.pk, revoked_at__isnull=True).update(revoked_at=now):
        return False
    row.revoked_at = now
    evidence = {"name": row.name}
    audit.record(org_id=row.org_id, act="token.revoke", subject=str(row.pk), by=by, at=now, evidence=evidence)
    return True


def number_of(token: Token) -> str:
    """The number a verified token is listed under. Raises InvalidToken (401) where it has none."""
    try:
        return str(uuid.UUID(str(token.get("jti"))))
    except ValueError as error:
        raise InvalidToken("The token has no number.") from error


def ensure_not_revoked(number: str) -> None:
    """Looks up a token by its number. Raises InvalidToken (401) where it is revoked or unlisted.

    In one statement for all who ask at the same time: it is sent after each of them has asked.
    """
    refused = LOOK_UP.ask(None, number)
    if refused is not None:
        raise refused


def refusals(tokens: Tokens, listed: str | None) -> Refusals:
    """Who is refused, by what a statement has found of the tokens (`LISTED`). Notes the use of the others where due."""
    found: Mapping[str, bool] = orjson.loads(listed) if listed else {}
    if any(found.values()):
        due = [number for number, is_due in found.items() if is_due]
        ServiceToken.objects.filter(pk__in=due).update(last_used_at=timezone.now())
    return [None if token is None or token in found else InvalidToken("The token is revoked.") for token in tokens]


def _look(_: None, tokens: Sequence[str]) -> Refusals:
    ((listed,),) = LOOK.rows({"tokens": list(set(tokens)), "now": timezone.now()})
    return refusals(tokens, listed)


LOOK_UP: Together[None, str, InvalidToken | None] = Together(_look, most=64)
