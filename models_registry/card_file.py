"""A version's card as a file to keep: what every door answers that offers it for download."""

from __future__ import annotations

from django.http import HttpResponse

from models_registry.card_markdown import markdown_of
from models_registry.info import card_of
from models_registry.models import ModelVersion


def card_file(version: ModelVersion) -> HttpResponse:
    """The card in Markdown."""
    answer = HttpResponse(markdown_of(card_of(version)), content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="model-{version.version}.md"'
    return answer
