"""Which form an answer has: nearly every caller takes JSON, and is answered so without looking further."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

JSON = "application/json"
TAKES_JSON = (JSON, "*/*")


class QuickNegotiation(DefaultContentNegotiation):
    """REST framework's, past the reading of what needs no reading."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """The renderer, and the media type it answers. Raises NotAcceptable where there is none for this caller."""
        meta, first = request.META, next(iter(renderers))
        if meta.get("HTTP_ACCEPT", "*/*") in TAKES_JSON and first.media_type == JSON and not meta.get("QUERY_STRING"):
            return first, JSON
        return super().select_renderer(request, renderers, format_suffix)
