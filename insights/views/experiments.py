"""The pages of experiments: the list, one of them, a plan, a new one, and the steps of its life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from common.errors import Conflict
from common.serializers import MAX_ID
from experiments.analysis import analyse
from experiments.designs import Impossible
from experiments.lifecycle import WrongState, create_experiment, iterate
from experiments.models import Experiment, ExperimentStatus
from experiments.steps import STEPS, Step
from insights import words
from insights.access import EXPERIMENT, MAKE_EXPERIMENTS, SEE_EXPERIMENTS, Viewer, act, page, show
from insights.design_form import WAYS, ExperimentForm, can_hold, filled_from
from insights.experiment_forms import PlanForm, ReasonForm, StopForm
from insights.experiment_words import STATES, VERBS, Advice, advice_on, method_name
from insights.pages.experiment import Apart, apart, apart_queries, experiment_page, listed
from insights.pages.planning import plan_page
from insights.pages.self_test import self_test_page
from insights.stored import refusal, said
from insights.versions import versions_to_show
from models_registry.artefacts import DamagedArtefact
from models_registry.scorers import ML, PINNED, RULE_BASED, UnknownMethod
from predictions.side_by_side import Unreadable

MOST_LISTED = 100
LOOK = "look"
"""What the form's button sends that asks where the ways differ."""
STEP = {step.name: step for step in STEPS}


def _experiment_or_404(viewer: Viewer, number: int) -> Experiment:
    known = Experiment.objects.of(viewer.org.org_id)
    found: Experiment | None = known.filter(pk=number).first() if number <= MAX_ID else None
    if found is None:
        raise Http404("There is no such experiment.")
    return found


@page(SEE_EXPERIMENTS)
def experiments(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """All of them, the newest first."""
    rows = listed(Experiment.objects.of(viewer.org.org_id).newest_first()[:MOST_LISTED])
    return show(request, viewer, "insights/experiments.html", rows=rows, here="experiments")


@page(SEE_EXPERIMENTS)
def experiment(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """What it says, and what to do now."""
    read = experiment_page(viewer.org, _experiment_or_404(viewer, number))
    context: dict[str, Any] = {"page": read, "experiment": read.experiment, "result": read.result}
    return show(request, viewer, "insights/experiment.html", **context, here="experiments")


@page(SEE_EXPERIMENTS)
def plan(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """How many leads and days it would take."""
    form = PlanForm.filled(request.GET)
    return show(
        request,
        viewer,
        "insights/experiment_plan.html",
        form=form,
        page=plan_page(viewer.org, form),
        here="experiments",
    )


@page(SEE_EXPERIMENTS)
def differ(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """A fragment: where two methods differ. It scores 500 leads twice, so pages ask for it by themselves."""
    found: Apart | None = None
    try:
        found = apart(viewer.org, *(request.GET.get(name, "") for name in ("control", "treatment")))
    except UnknownMethod as error:
        raise Http404("There is no such method.") from error
    except (DamagedArtefact, Unreadable):
        pass  # the page says so
    return show(request, viewer, "insights/experiment_apart.html", apart=found, here="experiments")


@page(SEE_EXPERIMENTS)
def self_test(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """A fragment: whether the method keeps its word on these leads. It makes 500 experiments, so it is asked apart."""
    context: dict[str, Any] = {"page": self_test_page(viewer.org), "here": "experiments"}
    return show(request, viewer, "insights/experiment_self_test.html", **context)


def new(request: HttpRequest) -> HttpResponse:
    """The form for a new one (GET), and its making (POST)."""
    return _made(request) if request.method == "POST" else _asked(request)


@page(MAKE_EXPERIMENTS)
def _asked(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """With what the address says already, and where the methods differ once they are named."""
    return _form(request, viewer, ExperimentForm(initial=_told(request), methods=_methods(viewer)))


@act(MAKE_EXPERIMENTS)
def _made(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    form = ExperimentForm(request.POST, methods=_methods(viewer))
    return _draft(request, viewer, form, lambda told: create_experiment(plan=form.plan(), **told))


def again(request: HttpRequest, number: int) -> HttpResponse:
    """The form for a new iteration of one that has stopped (GET), and its making (POST)."""
    return _iterated(request, number) if request.method == "POST" else _asked_again(request, number)


@page(MAKE_EXPERIMENTS)
def _asked_again(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    before = _stopped_or_404(viewer, number)
    told = filled_from(before) | _told(request)
    return _form(request, viewer, ExperimentForm(initial=told, methods=_methods(viewer)), before=before)


@act(MAKE_EXPERIMENTS)
def _iterated(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    before = _stopped_or_404(viewer, number)
    form = ExperimentForm(request.POST, methods=_methods(viewer))
    return _draft(
        request, viewer, form, lambda told: iterate(experiment_id=before.pk, **told, **form.design()), before=before
    )


def _stopped_or_404(viewer: Viewer, number: int) -> Experiment:
    found = _experiment_or_404(viewer, number)
    if found.status != ExperimentStatus.STOPPED or not can_hold(found):
        raise Http404("There is nothing to be asked again.")
    return found


def _asked_with(request: HttpRequest) -> QueryDict:
    """The address, or the form where it only asks where the ways differ: its proof of origin stays out of addresses."""
    return request.POST if LOOK in request.POST else request.GET


def _told(request: HttpRequest) -> dict[str, str]:
    """What is said of a new one that is not to be made yet."""
    told = _asked_with(request)
    return {name: str(told[name]) for name in ExperimentForm.base_fields if name in told}


def _draft(
    request: HttpRequest,
    viewer: Viewer,
    form: ExperimentForm,
    made: Callable[[dict[str, Any]], Experiment],
    before: Experiment | None = None,
) -> HttpResponse:
    """What the form asks for as a draft, or the form with what is wrong, or with where the ways differ."""
    if LOOK in request.POST:
        return _form(request, viewer, ExperimentForm(initial=_told(request), methods=_methods(viewer)), before=before)
    if form.is_valid():
        told = {"org_id": viewer.org.org_id, "by": viewer.name, "at": timezone.now(), "start": False}
        try:
            draft = made(told)
        except Impossible as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("The draft is made. Nothing happens until it is started."))
            return redirect("insights:experiment", draft.pk)
    return _form(request, viewer, form, before=before, status=400)


def _form(
    request: HttpRequest, viewer: Viewer, form: ExperimentForm, *, before: Experiment | None = None, status: int = 200
) -> HttpResponse:
    ways = [_asked_with(request).get(name, "") for name in ("control", *(way for way, _treated in WAYS))]
    context = {"form": form, "apart_queries": apart_queries(*ways), "before": before, "here": "experiments"}
    return show(request, viewer, "insights/experiment_new.html", status=status, **context)


def _methods(viewer: Viewer) -> list[tuple[str, str]]:
    """The ways of scoring that an arm may have: the rules, whatever version is active, and each that is kept."""
    kept = [version.version for version in versions_to_show(viewer.org.org_id) if not version.archived]
    codes = [RULE_BASED, ML, *(f"{PINNED}{version}" for version in kept)]
    return [(code, words.capital(method_name(code))) for code in codes]


def step(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Asks first (GET), and takes the step (POST)."""
    return _taken(request, number, name) if request.method == "POST" else _confirmed(request, number, name)


@page(EXPERIMENT)
def _confirmed(request: HttpRequest, viewer: Viewer, number: int, name: str) -> HttpResponse:
    return _confirmation(request, viewer, _experiment_or_404(viewer, number), STEP[name])


@act(EXPERIMENT)
def _taken(request: HttpRequest, viewer: Viewer, number: int, name: str) -> HttpResponse:
    found, wanted = _experiment_or_404(viewer, number), STEP[name]
    form = _form_of(wanted, request.POST)
    if not form.is_valid():
        return _confirmation(request, viewer, found, wanted, form=form, status=400)
    told = {"org_id": viewer.org.org_id, "experiment_id": found.pk, "by": viewer.name, "at": timezone.now()}
    try:
        made = wanted.act(**told, **form.cleaned_data)
        messages.success(request, f"{made}: {STATES[made.status]}.")
    except WrongState:
        messages.error(request, _("It has gone on meanwhile: this is how it stands now."))
    except Conflict as problem:
        messages.error(request, refusal(problem))
    except Impossible as problem:
        messages.error(request, " ".join(said(why) or why for why in problem.problems.values()))
    return redirect("insights:experiment", found.pk)


def _advice(viewer: Viewer, found: Experiment) -> Advice | None:
    """What it says, for who is to decide."""
    return advice_on(analyse(found, at=viewer.org.now())) if found.started_at and found.arms else None


def _form_of(wanted: Step, told: Any = None) -> forms.Form:
    if not wanted.takes_reason:
        return forms.Form(told)
    return StopForm(told) if wanted.takes_decision else ReasonForm(told)


def _confirmation(
    request: HttpRequest,
    viewer: Viewer,
    found: Experiment,
    wanted: Step,
    *,
    form: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "experiment": found,
        "step": wanted,
        "verb": VERBS[wanted.name],
        "words": _(wanted.words),
        "advice": _advice(viewer, found) if wanted.takes_decision else None,
        "can_be_taken": found.status in wanted.states,
        "form": form or _form_of(wanted),
    }
    return show(request, viewer, "insights/experiment_step.html", status=status, here="experiments", **context)
