"""Which requests come from programs: they are answered in JSON and in English, and have no session."""

from __future__ import annotations

from django.http import HttpRequest


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program."""
    return request.path.startswith(("/api/", "/health", "/metrics"))


def shows_a_token(request: HttpRequest) -> bool:
    """Whether the caller is a program that says by a token who it is, whatever that is worth.

    Where tokens are got, a password says who it is, whatever is shown beside it.
    """
    has_bearer, path = request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer ", request.path
    return has_bearer and path.startswith("/api/") and not path.startswith("/api/auth/")
