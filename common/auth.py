"""Who is calling: our own tokens, those of an outside identity provider, and browser sessions."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from common import identity_provider, service_tokens
from common.identity_provider import OutsideToken
from common.scopes import scopes_of
from common.tenancy import org_of


class ServicePrincipal:
    """A caller that is a program: it has a name and no account.

    `token` is the number that its token is listed under (`service_tokens`); None where that is of an outside provider.
    """

    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False
    pk = id = None

    def __init__(self, name: str, token: str | None = None) -> None:
        self.name, self.token = name, token

    def get_username(self) -> str:
        """The name it was given when its token was made."""
        return self.name

    def __str__(self) -> str:
        return self.name


@functools.lru_cache(maxsize=1024)
def _signed_by_us(raw_token: bytes) -> AccessToken:
    """A token of our own. Its signature is verified once a process. Raises TokenError."""
    return AccessToken(raw_token)  # type: ignore[arg-type]


class TokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer <JWT>`, of our own making or of the outside provider.

    `looks_up` is False for a door that looks a program's token up itself: `views.LookingUpLater`.
    """

    def __init__(self, *, looks_up: bool = True) -> None:
        super().__init__()
        self._looks_up = looks_up

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The token; None where the header names another scheme, in letters of whichever case (RFC 9110, 11.1)."""
        return super().get_raw_token(header[:6].title() + header[6:])

    def get_validated_token(self, raw_token: bytes) -> Token:
        """The token's claims. Raises InvalidToken (401) where nobody we trust has signed it or it has expired."""
        try:
            token = _signed_by_us(raw_token)
            token.check_exp(current_time=timezone.now())  # the signature holds for good, the token does not
            return token
        except TokenError as error:
            if not identity_provider.is_configured():
                raise InvalidToken(str(error)) from error
        try:
            return OutsideToken(raw_token)  # type: ignore[arg-type]
        except TokenError as error:
            raise InvalidToken(str(error)) from error

    def get_user(self, validated_token: Token) -> Any:
        """The person or the service, looked up so that a closed account or a revoked token is refused at once."""
        is_ours = not isinstance(validated_token, OutsideToken)
        if is_ours and "user_id" in validated_token:
            return super().get_user(validated_token)
        token = service_tokens.number_of(validated_token) if is_ours else None
        if token is not None and self._looks_up:
            service_tokens.ensure_not_revoked(token)
        return ServicePrincipal(str(validated_token.get("sub", "unknown"))[:150], token)


class BrowserSession(SessionAuthentication):
    """A person's browser session, with CSRF: a class of our own, for the schema to describe."""


class PersonTokens(TokenObtainPairSerializer):
    """Tokens of a person: the scopes follow from the permissions, the organisation from the membership."""

    @classmethod
    def get_token(cls, user: AbstractUser) -> Token:  # type: ignore[override]
        """A refresh token whose claims its access tokens inherit."""
        token = super().get_token(user)
        _say_what_may_be_done(token, user)
        return token


class RefreshedTokens(TokenRefreshSerializer):
    """A person's next access token, of what the person may do by now."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """Raises TokenError where the token is none, AuthenticationFailed (401) where its account is not as it was."""
        refresh = RefreshToken(attrs["refresh"])
        person, access = JWTAuthentication().get_user(refresh), refresh.access_token
        _say_what_may_be_done(access, person)
        return {"access": str(access)}


def _say_what_may_be_done(token: Token, person: Any) -> None:
    token["org_id"] = org_of(person)
    token["scope"] = " ".join(sorted(scopes_of(person)))


def issue_service_token(*, name: str, org_id: str, scopes: list[str], days: float) -> str:
    """A token for a program, as the command issues it: signed, listed, revocable. Raises ValueError as `issue` does."""
    return service_tokens.issue(name=name, org_id=org_id, scopes=scopes, days=days, by="command").token


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the bearer token."""

    target_class = "common.auth.TokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """OpenAPI's HTTP bearer scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the browser session."""

    target_class = "common.auth.BrowserSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """OpenAPI's cookie scheme."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
