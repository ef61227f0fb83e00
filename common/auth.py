"""Who is calling: our own tokens, those of an outside identity provider, and browser sessions."""

from __future__ import annotations

import functools
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.tokens import AccessToken, Token

from common.scopes import SCOPES, scopes_of
from common.tenancy import org_of


class ServicePrincipal:
    """A caller that is a program: it has a name and no account."""

    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False
    pk = id = None

    def __init__(self, name: str) -> None:
        self.name = name

    def get_username(self) -> str:
        """The name it was given when its token was made."""
        return self.name

    def __str__(self) -> str:
        return self.name


class OutsideToken(AccessToken):
    """A token of the identity provider named by JWT_JWK_URL, JWT_ISSUER and JWT_AUDIENCE."""

    @cached_property
    def token_backend(self) -> TokenBackend:
        """Verifies by the provider's published keys; symmetric algorithms are never accepted from outside."""
        return TokenBackend(
            "RS256", audience=settings.JWT_AUDIENCE, issuer=settings.JWT_ISSUER, jwk_url=settings.JWT_JWK_URL
        )

    def verify_token_type(self) -> None:
        """Providers do not send our `token_type` claim; the audience already says what the token is for."""


def outside_provider() -> bool:
    """Whether tokens of an identity provider are accepted: only with all three settings."""
    return bool(settings.JWT_JWK_URL and settings.JWT_ISSUER and settings.JWT_AUDIENCE)


@functools.lru_cache(maxsize=1024)
def _signed_by_us(raw_token: bytes) -> AccessToken:
    """A token of our own. Its signature is verified once a process. Raises TokenError."""
    return AccessToken(raw_token)  # type: ignore[arg-type]


class TokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer <JWT>`, of our own making or of the outside provider."""

    def get_validated_token(self, raw_token: bytes) -> Token:
        """The token's claims. Raises InvalidToken (401) where nobody we trust has signed it or it has expired."""
        try:
            token = _signed_by_us(raw_token)
            token.check_exp(current_time=timezone.now())  # the signature holds for good, the token does not
            return token
        except TokenError as error:
            if not outside_provider():
                raise InvalidToken(str(error)) from error
        try:
            return OutsideToken(raw_token)  # type: ignore[arg-type]
        except TokenError as error:
            raise InvalidToken(str(error)) from error

    def get_user(self, validated_token: Token) -> Any:
        """The person, looked up so that a closed account is refused at once; or the service by name."""
        if "user_id" in validated_token and not isinstance(validated_token, OutsideToken):
            return super().get_user(validated_token)
        return ServicePrincipal(str(validated_token.get("sub", "unknown"))[:150])


class BrowserSession(SessionAuthentication):
    """A person's browser session, with CSRF."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """The person and no token."""
        return super().authenticate(request)


class PersonTokens(TokenObtainPairSerializer):
    """Tokens of a person: the scopes follow from the permissions, the organisation from the membership."""

    @classmethod
    def get_token(cls, user: AbstractUser) -> Token:  # type: ignore[override]
        """A refresh token whose claims its access tokens inherit."""
        token = super().get_token(user)
        token["org_id"] = org_of(user)
        token["scope"] = " ".join(sorted(scopes_of(user)))
        return token


def issue_service_token(*, name: str, org_id: str, scopes: list[str], days: float) -> str:
    """A signed token for a program. Raises ValueError where a scope is unknown."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValueError(f"unknown scopes: {', '.join(unknown)}; known are {', '.join(SCOPES)}")
    token = AccessToken()
    token.set_exp(lifetime=timedelta(days=days))
    token["sub"] = name
    token["org_id"] = org_id
    token["scope"] = " ".join(scopes)
    return str(token)


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
