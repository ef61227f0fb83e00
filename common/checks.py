"""What is unsafe together is refused before anything is served, with a hint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.management.base import SystemCheckError
from limits import parse

OURSELVES = {"localhost", "127.0.0.1", "::1", "[::1]", "testserver"}
SHORTEST_KEY = 32
RATES = (
    "RATE_LIMIT_REQUESTS",
    "RATE_LIMIT_PREDICTIONS",
    "RATE_LIMIT_BATCH_ITEMS",
    "RATE_LIMIT_LOGIN_ADDRESS",
    "RATE_LIMIT_LOGIN_ACCOUNT",
)


@register(Tags.security)
def safe_together(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each combination of settings that would leave a door open."""
    return [Error(words, hint, id=number) for check in CHECKS for words, hint, number in check()]


def refuse_unsafe() -> None:
    """Raises SystemCheckError where the settings are unsafe: called before the first request is served."""
    errors = [each for each in run_checks(tags=[Tags.security]) if each.is_serious()]
    if errors:
        raise SystemCheckError("\n".join(f"{each.id}: {each.msg}\n  HINT: {each.hint}" for each in errors))


Found = Iterator[tuple[str, str, str]]


def _debugging() -> Found:
    if settings.DEBUG and (settings.HTTPS or set(settings.ALLOWED_HOSTS) - OURSELVES):
        hint = "Unset DJANGO_DEBUG wherever others can reach it."
        yield "Debugging shows settings and code to whoever causes an error.", hint, "leadqual.E001"


def _hosts() -> Found:
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Name the hosts in DJANGO_ALLOWED_HOSTS."
        yield "Any host is allowed: links in answers could lead anywhere.", hint, "leadqual.E002"


def _key() -> Found:
    if len(settings.SECRET_KEY) < SHORTEST_KEY:
        hint = f"Give DJANGO_SECRET_KEY at least {SHORTEST_KEY} random characters, or leave it unset."
        yield "The key that signs tokens and sessions is short.", hint, "leadqual.E003"


def _provider() -> Found:
    three = (settings.JWT_JWK_URL, settings.JWT_ISSUER, settings.JWT_AUDIENCE)
    if any(three) and not all(three):
        hint = "Set JWT_JWK_URL, JWT_ISSUER and JWT_AUDIENCE, or none of them."
        yield "An identity provider is named in part.", hint, "leadqual.E004"
    if settings.JWT_JWK_URL and not _is_private(settings.JWT_JWK_URL):
        hint = "Give JWT_JWK_URL with https://."
        yield "The provider's keys are fetched where others could change them.", hint, "leadqual.E005"


def _origins() -> Found:
    for origin in settings.CORS_ALLOWED_ORIGINS:
        if not _is_private(origin):
            hint = "Name each origin in CORS_ALLOWED_ORIGINS with https://."
            yield f"Pages of {origin} may call the API, and others could change them.", hint, "leadqual.E006"


def _rates() -> Found:
    for name in RATES:
        try:
            parse(getattr(settings, name))
        except ValueError:
            yield f"{name} is no rate.", "Write it as 6000/minute.", "leadqual.E007"


def _is_private(address: str) -> bool:
    """Whether what is fetched from this address is encrypted on its way, or never leaves this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in OURSELVES)


CHECKS: tuple[Callable[[], Found], ...] = (_debugging, _hosts, _key, _provider, _origins, _rates)
