"""A lead's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from insights.access import SCORE, SEE_LEADS, Viewer, act, page, show
from insights.pages.lead import lead_page
from insights.words import action_of, percent
from leads.models import Dossier
from predictions.scoring import score_leads

LARGEST = 2**63


def _lead_or_404(viewer: Viewer, number: int) -> Dossier:
    known = Dossier.objects.of(viewer.org.org_id)
    found: Dossier | None = known.filter(number=number).first() if number < LARGEST else None
    if found is None:
        raise Http404("There is no such lead.")
    return found


@page(SEE_LEADS)
def lead(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """What to do with this lead, and why."""
    read = lead_page(viewer.org, _lead_or_404(viewer, number))
    return show(request, viewer, "insights/lead.html", page=read, lead=read.lead, judged=read.judged, here="today")


@act(SCORE)
def score_now(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Scores the lead as it is now."""
    found = _lead_or_404(viewer, number)
    made = score_leads(org_id=viewer.org.org_id, dossiers=[found])[0].prediction
    action = action_of(made.recommended_action)
    messages.success(request, f"Scored: {percent(made.conversion_probability)} likely to convert. {action.label}.")
    return redirect("insights:lead", number)
