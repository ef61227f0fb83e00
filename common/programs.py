"""Which requests come from programs: they are answered in JSON and in English, and have no session."""

from __future__ import annotations

from django.http import HttpRequest


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program."""
    return request.path.startswith(("/api/", "/health", "/metrics"))


def shows_a_token(request: HttpRequest) -> bool:
    """Whether the request carries a bearer token for the API, valid or not.

    Not at the doors under `/api/auth/`, where tokens are issued: there a password or refresh token in the body says who
    asks.
    """
    has_bearer, path = request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer ", request.path
    return has_bearer and path.startswith("/api/") and not path.startswith("/api/auth/")
