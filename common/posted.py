"""Text fields that are read from a POST directly, where one or two fields are not worth a Django form."""

from __future__ import annotations

from django.http import HttpRequest

from common.serializers import LONGEST_TEXT


def text_of(request: HttpRequest, name: str = "reason") -> str:
    """The field's text, cut to the length that is kept of texts, and without NUL, which PostgreSQL cannot store."""
    return request.POST.get(name, "").replace("\x00", "").strip()[:LONGEST_TEXT]
