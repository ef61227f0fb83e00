"""How it goes, for those who lead a team."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from insights.access import SEE_LEADS, Viewer, page, show


@page(SEE_LEADS)
def overview(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """What became of what was recommended, and what is to be expected."""
    return show(request, viewer, "insights/overview.html", here="overview")
