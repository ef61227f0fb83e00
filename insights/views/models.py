"""The models page: learning a version, choosing one, noting what one thinks of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.errors import Conflict
from common.language import ENGLISH, speaking
from common.posted import text_of
from insights import words
from insights.access import ACTIVATE, OVERRIDE, SEE_MODELS, Viewer, act, page, show
from insights.pages.comparison import comparison_page
from insights.pages.models import models_page, version_page
from insights.pages.preview import Preview
from insights.pages.preview import preview as read_preview
from insights.stored import refusal
from leads.labelled import Counts
from models_registry.artefacts import DamagedArtefact
from models_registry.cancellation import cancel_training
from models_registry.card_file import card_file
from models_registry.choice import ChangedMeanwhile, Choice, Refused, choice_of, choose
from models_registry.learning.algorithms import ALGORITHMS, AUTO
from models_registry.measures import MEASURES, value_of
from models_registry.models import ModelVersion, TrainingRun, Trigger
from models_registry.scorers import UnknownMethod
from models_registry.training import TooFewRecords, start_training
from predictions.side_by_side import Unreadable

CHOICES: list[tuple[str, str | Promise]] = [
    (name, words.ALGORITHMS.get(name, algorithm.title)) for name, algorithm in ALGORITHMS.items()
]
CHANGED_MEANWHILE = gettext_lazy(
    "Another version became active since you opened the page: look again before you decide."
)
NOW_SCORES = gettext_lazy(
    "%s scores from now on. Leads keep the scores that they have until they are scored again: tonight, or as soon as "
    "somebody presses “Score all open leads” on the page Today."
)
UNDER_WAY = gettext_lazy("A training run is under way: wait for it, or cancel it.")
TOO_LITTLE = gettext_lazy(
    "There is too little to learn from: %(usable)s usable records, of which %(converted)s converted. At least "
    "%(least)s in all are needed, with some that converted and some that did not. Until then the rules score."
)


@page(SEE_MODELS)
def models(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The active version's card, the history of versions, and training."""
    read = models_page(viewer.org)
    return show(
        request, viewer, "insights/models.html", page=read, card=read.card, algorithms=_choices(), here="models"
    )


def _choices() -> list[tuple[str, str | Promise]]:
    return [(AUTO, words.ALGORITHMS[AUTO]), *CHOICES]


@page(SEE_MODELS)
def version(request: HttpRequest, viewer: Viewer, version: str) -> HttpResponse:
    """One version: its card, its notes, the runs that made it."""
    read = version_page(viewer.org, _version_or_404(viewer, version))
    return show(request, viewer, "insights/version.html", page=read, card=read.card, here="models")


@page(SEE_MODELS)
def compare(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Two versions side by side."""
    asked = (request.GET.get(name, "").replace("\x00", "") for name in ("before", "after"))
    return show(request, viewer, "insights/compare.html", page=comparison_page(viewer.org, *asked), here="models")


@page(ACTIVATE)
def preview(request: HttpRequest, viewer: Viewer, version: str) -> HttpResponse:
    """A fragment: what making it active would do. It scores many leads twice, so pages ask for it by themselves."""
    found: Preview | None = None
    try:
        found = read_preview(viewer.org, _version_or_404(viewer, version).version)
    except UnknownMethod as error:
        raise Http404("This version is archived.") from error
    except (DamagedArtefact, Unreadable):
        pass  # the page says so
    return show(request, viewer, "insights/preview.html", preview=found, version=version, here="models")


def _version_or_404(viewer: Viewer, version: str) -> ModelVersion:
    found: ModelVersion = get_object_or_404(ModelVersion.objects.of(viewer.org.org_id), version=version)
    return found


@page(SEE_MODELS)
def card(request: HttpRequest, viewer: Viewer, version: str) -> HttpResponse:
    """The card of a version as a file to keep."""
    with speaking(ENGLISH):  # a file to keep and to send is of one language
        return card_file(_version_or_404(viewer, version))


@act(ACTIVATE)
def train(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Starts training in the background."""
    try:
        start_training(
            org_id=viewer.org.org_id,
            by=viewer.name,
            trigger=Trigger.PAGE,
            notes=text_of(request, "notes"),
            algorithm=request.POST.get("algorithm", AUTO),
        )
    except Conflict:
        messages.warning(request, UNDER_WAY)
    except TooFewRecords as problem:
        messages.error(request, TOO_LITTLE % _counted(problem.counts))
    except ValueError as problem:
        messages.error(request, str(problem))
    return redirect("insights:models")


def _counted(counts: Counts) -> dict[str, str]:
    told = {"usable": counts.usable, "converted": counts.converted, "least": settings.ML_MIN_RECORDS}
    return {name: words.plain(number) for name, number in told.items()}


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
        messages.info(request, _("The run had ended already."))
    return redirect("insights:models")


@act(ACTIVATE)
def notes(request: HttpRequest, viewer: Viewer, version: str) -> HttpResponse:
    """Replaces a version's notes."""
    row = _version_or_404(viewer, version)
    row.notes = text_of(request, "notes")
    row.save(update_fields=["notes"])
    messages.success(request, _("The notes of %s are saved.") % version)
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
            reason=text_of(request),
            may_override=viewer.may(OVERRIDE),
        )
    except ChangedMeanwhile:
        return _confirmation(request, viewer, choice, CHANGED_MEANWHILE, 409)
    except Conflict as problem:
        return _confirmation(request, viewer, choice, refusal(problem), 409)
    except Refused:
        if not viewer.may(OVERRIDE):
            raise PermissionDenied from None
        return _confirmation(request, viewer, choice, _("Say why: the gate has not passed this version."), 400)
    messages.success(request, NOW_SCORES % version)
    return redirect("insights:models")


def _choice_or_404(viewer: Viewer, version: str) -> Choice:
    try:
        return choice_of(org_id=viewer.org.org_id, version=version)
    except ModelVersion.DoesNotExist as error:
        raise Http404("There is no such version.") from error


def _confirmation(
    request: HttpRequest, viewer: Viewer, choice: Choice, problem: str | Promise = "", status: int = 200
) -> HttpResponse:
    sides = [side for side in (choice.active, choice.chosen) if side is not None]
    rows = [(measure, [value_of(side.metrics, measure) for side in sides]) for measure in MEASURES]
    return show(
        request,
        viewer,
        "insights/activate.html",
        status=status,
        choice=choice,
        rows=rows,
        problem=problem,
        here="models",
        may_go_on=choice.passed or viewer.may(OVERRIDE),
    )
