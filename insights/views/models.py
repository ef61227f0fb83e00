"""The models page: learning a version, choosing one, noting what one thinks of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from common.errors import Conflict
from insights.access import ACTIVATE, OVERRIDE, SEE_MODELS, Viewer, act, page, show
from insights.pages.models import models_page
from models_registry.cancellation import cancel_training
from models_registry.card_file import card_file
from models_registry.choice import Choice, Refused, choice_of, choose
from models_registry.learning.algorithms import ALGORITHMS, AUTO
from models_registry.measures import MEASURES, value_of
from models_registry.models import ModelVersion, TrainingRun, Trigger
from models_registry.training import TooFewRecords, start_training

LONGEST_NOTE = 10_000
CHOICES = [(AUTO, "Choose for me"), *((name, algorithm.title) for name, algorithm in ALGORITHMS.items())]


@page(SEE_MODELS)
def models(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The active version's card, the history of versions, and training."""
    read = models_page(viewer.org)
    return show(request, viewer, "insights/models.html", page=read, card=read.card, algorithms=CHOICES, here="models")


@page(SEE_MODELS)
def card(request: HttpRequest, viewer: Viewer, version: str) -> HttpResponse:
    """The card of a version as a file to keep."""
    return card_file(get_object_or_404(ModelVersion.objects.of(viewer.org.org_id), version=version))


@act(ACTIVATE)
def train(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Starts training in the background."""
    try:
        start_training(
            org_id=viewer.org.org_id,
            by=viewer.name,
            trigger=Trigger.PAGE,
            notes=_text(request, "notes"),
            algorithm=request.POST.get("algorithm", AUTO),
        )
    except Conflict as problem:
        messages.warning(request, str(problem.detail))
    except TooFewRecords as problem:
        messages.error(request, f"There is too little to learn from: {problem}")
    except ValueError as problem:
        messages.error(request, str(problem))
    return redirect("insights:models")


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:LONGEST_NOTE]


@page(SEE_MODELS)
def run_progress(request: HttpRequest, viewer: Viewer, run_id: Any) -> HttpResponse:
    """A fragment: how far a training run is."""
    run = get_object_or_404(TrainingRun.objects.of(viewer.org.org_id).select_related("version"), pk=run_id)
    return show(request, viewer, "insights/_run.html", run=run)


@act(ACTIVATE)
def cancel(request: HttpRequest, viewer: Viewer, run_id: Any) -> HttpResponse:
    """Gives up a run."""
    run = get_object_or_404(TrainingRun.objects.of(viewer.org.org_id), pk=run_id)
    if not cancel_training(run=run, by=viewer.name, at=timezone.now()):
        messages.info(request, "The run had ended already.")
    return redirect("insights:models")


@act(ACTIVATE)
def notes(request: HttpRequest, viewer: Viewer, version: str) -> HttpResponse:
    """Replaces a version's notes."""
    row = get_object_or_404(ModelVersion.objects.of(viewer.org.org_id), version=version)
    row.notes = _text(request, "notes")
    row.save(update_fields=["notes"])
    messages.success(request, f"The notes of {version} are saved.")
    return redirect("insights:models")


def activate(request: HttpRequest, version: str) -> HttpResponse:
    """Asks first (GET), and makes the version the active one (POST)."""
    return _chosen(request, version) if request.method == "POST" else _asked(request, version)


@page(ACTIVATE)
def _asked(request: HttpRequest, viewer: Viewer, version: str) -> HttpResponse:
    return _confirmation(request, viewer, _choice_or_404(viewer, version))


@act(ACTIVATE)
def _chosen(request: HttpRequest, viewer: Viewer, version: str) -> HttpResponse:
    choice = _choice_or_404(viewer, version)
    try:
        choose(
            org_id=viewer.org.org_id,
            version=version,
            instead_of=request.POST.get("instead_of", ""),
            by=viewer.name,
            at=timezone.now(),
            reason=_text(request, "reason"),
            may_override=viewer.may(OVERRIDE),
        )
    except Conflict as problem:
        return _confirmation(request, viewer, choice, str(problem.detail), 409)
    except Refused:
        if not viewer.may(OVERRIDE):
            raise PermissionDenied from None
        return _confirmation(request, viewer, choice, "Say why: the gate has not passed this version.", 400)
    messages.success(request, f"{version} scores from now on.")
    return redirect("insights:models")


def _choice_or_404(viewer: Viewer, version: str) -> Choice:
    try:
        return choice_of(org_id=viewer.org.org_id, version=version)
    except ModelVersion.DoesNotExist as error:
        raise Http404("There is no such version.") from error


def _confirmation(
    request: HttpRequest, viewer: Viewer, choice: Choice, problem: str = "", status: int = 200
) -> HttpResponse:
    sides = [side for side in (choice.active, choice.chosen) if side is not None]
    rows = [(measure, [value_of(side.metrics, measure) for side in sides]) for measure in MEASURES]
    response = show(
        request,
        viewer,
        "insights/activate.html",
        choice=choice,
        rows=rows,
        problem=problem,
        here="models",
        may_go_on=choice.passed or viewer.may(OVERRIDE),
    )
    response.status_code = status
    return response
