"""A lead's page, and what a person does there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from common.serializers import MAX_ID
from insights.access import OVERRIDE_SCORES, SCORE, SEE_LEADS, TELL_OUTCOMES, Viewer, act, page, show
from insights.forms import OutcomeForm, OverrideForm, problems_of
from insights.levers import changes_of
from insights.pages.lead import last_change, lead_page, levers_for
from insights.words import action_of, percent
from leads.models import Dossier, Outcome
from leads.outcomes import record_outcome
from leads.seen import LeadGone
from predictions.models import Prediction
from predictions.overriding import NotScored, override, take_back
from predictions.scoring import score_leads
from predictions.whatif import Impossible, what_if

NO_SUCH_LEAD = "There is no such lead."


def _lead_or_404(viewer: Viewer, number: int) -> Dossier:
    known = Dossier.objects.of(viewer.org.org_id)
    found: Dossier | None = known.filter(number=number).first() if number <= MAX_ID else None
    if found is None:
        raise Http404(NO_SUCH_LEAD)
    return found


@contextmanager
def _or_gone_meanwhile() -> Iterator[None]:
    """Around an act on a lead that was found: raises Http404 where it is forgotten before the act reads it again."""
    try:
        yield
    except (LeadGone, Dossier.DoesNotExist) as error:
        raise Http404(NO_SUCH_LEAD) from error


@page(SEE_LEADS)
def lead(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """What to do with this lead, and why."""
    read = lead_page(viewer.org, _lead_or_404(viewer, number))
    return show(request, viewer, "insights/lead.html", page=read, lead=read.lead, judged=read.judged, here="today")


@page(SEE_LEADS)
def change(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """A fragment: why the score moved. It reads the lead as of two moments, so the page asks for it by itself."""
    found = _lead_or_404(viewer, number)
    with _or_gone_meanwhile():
        moved = last_change(viewer.org.org_id, found)
    if moved is None:
        raise Http404("This lead has no two predictions.")
    return show(request, viewer, "insights/change.html", lead=found, change=moved, here="today")


@page(SEE_LEADS)
def suppose(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """A fragment: the probability as it would be with the sliders where they stand. Stored nowhere."""
    found, supposed, problem = _lead_or_404(viewer, number), None, ""
    newest = Prediction.objects.of_dossier(found).first()
    if newest is None:
        raise Http404("This lead has not been scored yet.")
    changes = changes_of(levers_for(viewer.org.org_id, newest), request.GET.dict())
    try:
        with _or_gone_meanwhile():
            supposed = what_if(org_id=viewer.org.org_id, dossier=found, changes=changes) if changes else None
    except Impossible as error:
        problem = "; ".join(error.problems.values())
    context: dict[str, Any] = {"lead": found, "supposed": supposed, "problem": problem}
    action = action_of(supposed.after.recommended_action, supposed.after.conversion_probability) if supposed else None
    return show(request, viewer, "insights/suppose.html", action=action, here="today", **context)


@act(SCORE)
def score_now(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Scores the lead as it is now."""
    found = _lead_or_404(viewer, number)
    with _or_gone_meanwhile():
        made = score_leads(org_id=viewer.org.org_id, dossiers=[found])[0].prediction
    said = {"percent": percent(made.conversion_probability), "action": action_of(made.recommended_action).label}
    messages.success(request, _("Scored: %(percent)s likely to convert. %(action)s.") % said)
    return redirect("insights:lead", number)


@act(TELL_OUTCOMES)
def outcome(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Records what became of the lead; again corrects it, and moves its moment only where the day is another."""
    found = _lead_or_404(viewer, number)
    current = Outcome.objects.current().filter(dossier=found).first()
    form = OutcomeForm(request.POST, lead=found, now=viewer.org.now(), current=current)
    if not form.is_valid():
        messages.error(request, problems_of(form))
        return redirect("insights:lead", number)
    with _or_gone_meanwhile():
        org_id, at = viewer.org.org_id, timezone.now()
        told = record_outcome(org_id=org_id, dossier=found, by=viewer.name, at=at, **form.as_told())
    messages.success(request, _("Recorded: converted. Well done!") if told.converted else _("Recorded: lost."))
    return redirect("insights:lead", number)


@act(OVERRIDE_SCORES)
def disagree(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Sets the person's own probability beside the model's."""
    found, form = _lead_or_404(viewer, number), OverrideForm(request.POST)
    if not form.is_valid():
        messages.error(request, problems_of(form))
        return redirect("insights:lead", number)
    try:
        override(org_id=viewer.org.org_id, dossier=found, by=viewer.name, at=viewer.org.now(), **form.as_told())
    except NotScored:
        messages.error(request, _("The lead is not scored yet: there is nothing to disagree with."))
        return redirect("insights:lead", number)
    if Outcome.objects.current().filter(dossier=found).exists():  # meanwhile: the page offers it for open leads
        messages.warning(request, _("Your word is kept, but the lead is decided: only what was said before counts."))
    else:
        messages.success(
            request, _("Your word stands beside the model's. Once the lead is decided, it shows who was right.")
        )
    return redirect("insights:lead", number)


@act(OVERRIDE_SCORES)
def agree(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Takes the person's own probability back."""
    if take_back(dossier=_lead_or_404(viewer, number), by=viewer.name, at=viewer.org.now()):
        messages.success(request, _("Taken back: the model's word alone stands."))
    return redirect("insights:lead", number)
