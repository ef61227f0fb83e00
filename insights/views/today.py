"""The first page, and scoring everything from it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from rest_framework.exceptions import ValidationError

from insights.access import SCORE, SEE_LEADS, Viewer, act, page, show
from insights.pages.today import today as read_today
from leads.models import Dossier
from predictions.jobs import start_score_job
from predictions.models import ScoreJob

LONGEST_NUMBER = 18


@page(SEE_LEADS)
def today(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The ranked list; a lead's number in the search box leads to that lead."""
    text = request.GET.get("number", "").strip()
    if text and (found := _find(viewer, text)):
        return redirect("insights:lead", found.number)
    try:
        read = read_today(viewer.org, request)
    except ValidationError:  # an address that was cut off in an e-mail shows the first page, not an error
        return redirect("insights:today")
    return show(request, viewer, "insights/today.html", page=read, wanted=read.wanted, not_found=text, here="today")


def _find(viewer: Viewer, text: str) -> Dossier | None:
    digits = text.lstrip("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        return None
    found: Dossier | None = Dossier.objects.of(viewer.org.org_id).filter(number=int(digits)).first()
    return found


@act(SCORE)
def score_all(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Scores every undecided lead in the background."""
    if ScoreJob.objects.of(viewer.org.org_id).open().exists():
        messages.info(request, "Scoring is under way already.")
    else:
        start_score_job(org_id=viewer.org.org_id, by=viewer.name, criteria={})
    return redirect("insights:today")


@page(SEE_LEADS)
def job_progress(request: HttpRequest, viewer: Viewer, job_id: Any) -> HttpResponse:
    """A fragment: how far a score job is."""
    job = get_object_or_404(ScoreJob.objects.of(viewer.org.org_id), pk=job_id)
    return show(request, viewer, "insights/_score_job.html", job=job)
