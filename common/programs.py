"""Which requests come from programs: they are answered in JSON and in English, and have no session."""

from __future__ import annotations

from django.http import HttpRequest


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program."""
    return request.path.startswith(("/api/", "/health", "/metrics"))


def shows_a_token(request: HttpRequest) -> bool:
    """Whether the caller is a program that says by a token who it is, whatever that is worth."""
    return request.META.get("HTTP_AUTHORIZATION", "").startswith("Bearer ") and request.path.startswith("/api/")
