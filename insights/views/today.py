"""The first page, and scoring everything from it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from common import audit
from common.serializers import MAX_ID
from insights.access import SCORE, SEE_LEADS, Viewer, act, page, show
from insights.export import lines_of
from insights.models import SavedView
from insights.pages.today import today as read_today
from insights.saved_views import MOST, Nothing, TooMany, query_of, save_view
from insights.wanted import Wanted
from leads.models import Dossier
from predictions.jobs import start_scoring_all
from predictions.models import ScoreJob

LONGEST_NUMBER = 18


@page(SEE_LEADS)
def today(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The ranked list; a lead's number in the search box leads to that lead."""
    text = request.GET.get("search", "").strip()
    number = text.lstrip("#") if text.lstrip("#").isdecimal() else ""
    if number and (found := _find(viewer, number)):
        return _to(request, reverse("insights:lead", args=[found.number]))
    try:
        read = read_today(viewer.org, request)
    except ValidationError:  # an address that was cut off in an e-mail shows the first page, not an error
        return redirect("insights:today")
    return show(request, viewer, "insights/today.html", page=read, wanted=read.wanted, here="today")


def _to(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect of the whole page, also where a script asked only for the list."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _find(viewer: Viewer, digits: str) -> Dossier | None:
    if not digits.isascii() or len(digits) > LONGEST_NUMBER:
        return None
    found: Dossier | None = Dossier.objects.of(viewer.org.org_id).filter(number=int(digits)).first()
    return found


@page(SEE_LEADS)
def export(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """What the list shows, as a file; who took it away, and what was asked for, is on record.

    Without what was searched for and which value an attribute was to have: either may be somebody's name.
    """
    wanted = Wanted.of(request.GET)
    content = "".join(lines_of(viewer.org, wanted))
    evidence = {name: value for name, value in asdict(wanted).items() if value and name not in ("search", "value")}
    with transaction.atomic():
        audit.record(org_id=viewer.org.org_id, act="leads.export", by=viewer.name, at=timezone.now(), evidence=evidence)
    name = f"leads-{viewer.org.now():%Y-%m-%d}.csv"
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@act(SEE_LEADS)
def keep_view(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Keeps what the list shows by a name of the person's own."""
    wanted = Wanted.of(QueryDict(request.POST.get("query", "")))
    try:
        save_view(org_id=viewer.org.org_id, user=viewer.user, name=request.POST.get("name", ""), wanted=wanted)
    except Nothing:
        messages.error(request, _("Give the view a name, and choose something that it shows."))
    except TooMany:
        messages.error(request, _("You keep %s views already: delete one first.") % MOST)
    return redirect(f"{reverse('insights:today')}?{query_of(wanted)}")


@act(SEE_LEADS)
def forget_view(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Deletes a view of the person's own."""
    mine = SavedView.objects.of_person(viewer.org.org_id, viewer.user)
    get_object_or_404(mine, pk=min(number, MAX_ID)).delete()
    return redirect("insights:today")


@act(SCORE)
def score_all(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Scores every undecided lead in the background."""
    if start_scoring_all(org_id=viewer.org.org_id, by=viewer.name) is None:
        messages.info(request, _("Scoring is under way already."))
    return redirect("insights:today")


@page(SEE_LEADS)
def job_progress(request: HttpRequest, viewer: Viewer, job_id: Any) -> HttpResponse:
    """A fragment: how far a score job is."""
    job = get_object_or_404(ScoreJob.objects.of(viewer.org.org_id), pk=job_id)
    return show(request, viewer, "insights/_score_job.html", job=job)
