"""What a person wrote into a form of one field or two, which is no form of Django's."""

from __future__ import annotations

from django.http import HttpRequest

from common.serializers import LONGEST_TEXT


def text_of(request: HttpRequest, name: str = "reason") -> str:
    """What stands in the field, as much as is kept of a text; without NUL, which PostgreSQL stores nowhere."""
    return request.POST.get(name, "").replace("\x00", "").strip()[:LONGEST_TEXT]
