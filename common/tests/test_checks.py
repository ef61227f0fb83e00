"""Settings that are unsafe together are refused, with a hint."""

from typing import Any

import pytest
from django.core.management.base import SystemCheckError

from common.checks import refuse_unsafe


def test_the_settings_as_they_come_are_safe() -> None:
    refuse_unsafe()


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({"DEBUG": True, "ALLOWED_HOSTS": ["leadqual.example"]}, "Unset DJANGO_DEBUG"),
        ({"ALLOWED_HOSTS": ["*"]}, "Name the hosts"),
        ({"SECRET_KEY": "secret"}, "32 random characters"),
        ({"JWT_JWK_URL": "https://id.example/jwks"}, "or none of them"),
        ({"JWT_JWK_URL": "http://id.example/jwks", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a"}, "with https://"),
        ({"CORS_ALLOWED_ORIGINS": ["http://crm.example"]}, "with https://"),
        ({"CORS_ALLOWED_ORIGINS": ["*"]}, "with https://"),
        ({"RATE_LIMIT_REQUESTS": "many"}, "6000/minute"),
        ({"ML_MIN_RECORDS": 99}, "Set ML_MIN_RECORDS to 100 or more"),
    ],
)
def test_unsafe_ones_are_refused_with_a_hint(changed: dict[str, Any], hint: str, settings: Any) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    with pytest.raises(SystemCheckError, match=hint):
        refuse_unsafe()
