"""How it goes, for those who lead a team."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from insights.access import SEE_LEADS, Viewer, page, show
from insights.pages.overview import live_now
from insights.pages.overview import overview as read_overview


@page(SEE_LEADS)
def overview(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """What became of what was recommended, and what is to be expected."""
    read, now = read_overview(viewer.org), live_now(viewer.org)
    return show(request, viewer, "insights/overview.html", page=read, now_live=now, here="overview")


@page(SEE_LEADS)
def live(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """A fragment: volume and latency as they are now."""
    return show(request, viewer, "insights/_live.html", now_live=live_now(viewer.org))
