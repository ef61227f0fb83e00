"""A version's card, as JSON or as Markdown by `Accept`."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.views import ContractView
from models_registry.api import serializers as shapes
from models_registry.api.examples import INFO
from models_registry.card_file import card_file
from models_registry.info import card_of
from models_registry.models import ModelVersion


class MarkdownRenderer(BaseRenderer):
    """So that `Accept: text/markdown` is understood; what the view cannot say in Markdown is JSON."""

    media_type = "text/markdown"
    format = "md"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The data as JSON: the card itself never comes here."""
        return json.dumps(data).encode()


class VersionCard(ContractView):
    """A version's card."""

    required_scope = "models:read"
    renderer_classes = [JSONRenderer, MarkdownRenderer]

    @extend_schema(
        responses={(200, "application/json"): shapes.InfoOut, (200, "text/markdown"): OpenApiTypes.STR},
        tags=["models"],
        examples=[OpenApiExample("As JSON", INFO, response_only=True, media_type="application/json")],
    )
    def get(self, request: Request, version: str) -> Response | HttpResponse:
        """All that is known of a version, archived ones too: as JSON, or with `Accept: text/markdown` to be read."""
        row = ModelVersion.objects.of(self.caller.org_id).filter(version=version).first()
        if row is None:
            raise NotFound("There is no such version.")
        if request.accepted_renderer.format == MarkdownRenderer.format:
            return card_file(row)
        return Response(shapes.InfoOut(card_of(row)).data)

    def handle_exception(self, exc: Exception) -> Response:
        """Errors are JSON, whatever was asked for."""
        self.request.accepted_renderer, self.request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().handle_exception(exc)
