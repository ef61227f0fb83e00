"""The page that says whether the model keeps its word."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from insights.access import SEE_MODELS, Viewer, page, show
from insights.pages.quality import quality_page


@page(SEE_MODELS)
def quality(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """What was said against what happened, and drift, as measured last."""
    return show(request, viewer, "insights/quality.html", page=quality_page(viewer.org), here="quality")
