"""Tokens of the outside identity provider that JWT_JWK_URL, JWT_ISSUER and JWT_AUDIENCE name."""

from __future__ import annotations

import functools
from typing import Any

import jwt
from django.conf import settings
from jwt.exceptions import PyJWKClientConnectionError, PyJWTError
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.tokens import AccessToken

from common.errors import Unavailable

ALGORITHMS = ["RS256", "ES256"]
"""Signatures by a private key only: what is public at the provider must not be a secret that signs."""
SECONDS_TO_ANSWER = 3


class ProviderBackend(TokenBackend):
    """Verifies by the provider's published keys, which are kept for five minutes and fetched again for a new one."""

    def __init__(self, *, audience: str, issuer: str, jwk_url: str) -> None:
        super().__init__(ALGORITHMS[0], audience=audience, issuer=issuer)
        self.keys = jwt.PyJWKClient(jwk_url, timeout=SECONDS_TO_ANSWER)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """The claims. Raises TokenBackendError (401), or Unavailable (503) where the keys cannot be had."""
        try:
            key = self.keys.get_signing_key_from_jwt(token)
            options: Any = {"require": ["exp", "aud", "iss"]}
            return jwt.decode(
                token, key, algorithms=ALGORITHMS, audience=self.audience, issuer=self.issuer, options=options
            )
        except PyJWKClientConnectionError as error:
            raise Unavailable("The identity provider does not answer.") from error
        except (PyJWTError, TypeError, ValueError) as error:
            raise TokenBackendError("Token is invalid") from error


@functools.lru_cache(maxsize=4)
def _backend(audience: str, issuer: str, jwk_url: str) -> ProviderBackend:
    return ProviderBackend(audience=audience, issuer=issuer, jwk_url=jwk_url)


class OutsideToken(AccessToken):
    """A token of that provider."""

    @property
    def token_backend(self) -> TokenBackend:
        """One a process, so that the keys are fetched now and then, and not for each request."""
        return _backend(settings.JWT_AUDIENCE, settings.JWT_ISSUER, settings.JWT_JWK_URL)

    def verify(self) -> None:
        """All has been verified in decoding: providers send neither our `token_type` nor, many of them, a `jti`."""


def is_configured() -> bool:
    """Whether such tokens are accepted: only with all three settings."""
    return bool(settings.JWT_JWK_URL and settings.JWT_ISSUER and settings.JWT_AUDIENCE)
