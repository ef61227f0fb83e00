"""Experiments in the admin: a draft is filled in; from then on every step is an act with a confirmation of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from common.admin import OwnOrganisationAdmin
from common.admin.json_fields import STORABLE_JSON
from common.errors import Conflict
from common.html import flat, table
from common.tenancy import org_of
from experiments import lifecycle
from experiments.admin.forms import ExperimentForm, ReasonForm, StopForm, filled_from, stopped
from experiments.analysis import analyse
from experiments.answers import improvement
from experiments.designs import Impossible
from experiments.models import Experiment, ExperimentStatus
from experiments.steps import STEPS, Step, steps_from
from leads.models import Organisation

CHANGE = "experiments.change_experiment"
LONGEST_KEY = 18
Status = ExperimentStatus


@admin.register(Experiment)
class ExperimentAdmin(OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """What is compared, how far it is, and what it says."""

    list_display = ("name", "status", "control_method", "treatment_method", "traffic_split", "started_at", "stopped_at")
    list_filter = ("status",)
    search_fields = ("name",)
    ordering = ("-created_at",)
    formfield_overrides = STORABLE_JSON
    change_form_template = "admin/experiments/experiment/change_form.html"
    facts = (
        "name",
        "description",
        "status",
        "what_it_says",
        "arms",
        "population",
        "coverage",
        "attribution_days",
        "planned_leads",
        "guardrails",
        "iteration",
        "previous",
        "started_at",
        "closed_at",
        "stopped_at",
        "decision",
        "decided_by",
        "decision_reason",
        "design_table",
        "design_hash",
        "history",
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The form of a new one, or the facts."""
        return ExperimentForm.Meta.fields if obj is None else self.facts

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What has been made is read only: its steps are acts."""
        return () if obj is None else self.facts

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was compared stays on record."""
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of a new one, knowing whose experiment it will be."""
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        form = super().get_form(request, obj, change, **kwargs | {"form": ExperimentForm})
        form.org_id = org_of(request.user, session=request.session)  # type: ignore[attr-defined]
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new one is made as a draft by the same act as over the API."""
        if change:
            return
        org_id, by = org_of(request.user, session=request.session), request.user.get_username()
        told: dict[str, Any] = {"org_id": org_id, "by": by, "at": timezone.now(), "start": False}
        before = form.cleaned_data["previous"]
        if before is None:
            made = lifecycle.create_experiment(plan=form.plan(), **told)
        else:
            made = lifecycle.iterate(experiment_id=before.pk, **told, **form.design())
        obj.pk, obj.org_id = made.pk, made.org_id

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new iteration is filled in as the one before it was."""
        key = request.GET.get("previous", "")
        rows = stopped(org_of(request.user, session=request.session))
        before = rows.filter(pk=int(key)).first() if key.isdecimal() and len(key) < LONGEST_KEY else None
        return filled_from(before) if before else {}

    def get_urls(self) -> list[URLPattern]:
        """One address a step."""
        wrap = self.admin_site.admin_view
        ours = [
            path(f"<path:key>/{step.name}/", wrap(self._door(step)), name=f"experiments_experiment_{step.name}")
            for step in STEPS
        ]
        return [*ours, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The facts, with the steps that can be taken now."""
        row = self.get_object(request, object_id)
        may = row is not None and request.user.has_perm(CHANGE)
        steps = steps_from(row.status) if row is not None and may else []
        may_iterate = row is not None and row.status == Status.STOPPED and self.has_add_permission(request)
        context = {
            "steps": steps,
            "may_iterate": may_iterate,
            "show_save": False,
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def _door(self, step: Step) -> Callable[..., HttpResponse]:
        def door(request: HttpRequest, key: str) -> HttpResponse:
            row = self.get_object(request, key)
            if row is None:
                raise Http404
            if not request.user.has_perm(CHANGE):
                raise PermissionDenied
            form = form_of(step)(request.POST if request.method == "POST" else None)
            if request.method != "POST" or not form.is_valid():
                return self._asked(request, row, step, form)
            return self._taken(request, row, step, form)

        return door

    def _asked(self, request: HttpRequest, row: Experiment, step: Step, form: ReasonForm) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "experiment": row,
            "step": step,
            "form": form,
            "title": f"{step.name.capitalize()} “{row}”?",
        }
        return TemplateResponse(request, "admin/experiments/experiment/step.html", context)

    def _taken(self, request: HttpRequest, row: Experiment, step: Step, form: ReasonForm) -> HttpResponse:
        told = form.cleaned_data if step.takes_reason else {}
        by, at = request.user.get_username(), timezone.now()
        try:
            made = step.act(org_id=row.org_id, experiment_id=row.pk, by=by, at=at, **told)
            messages.success(request, f"“{made}”: {made.get_status_display().lower()}.")
        except Conflict as problem:
            messages.error(request, str(problem.detail))
        except Impossible as problem:
            messages.error(request, str(problem))
        return redirect(reverse("admin:experiments_experiment_change", args=[row.pk]))

    @admin.display(description="what it says")
    def what_it_says(self, row: Experiment) -> SafeString:
        """How the arms stand, and what to do now."""
        if row.status == Status.DRAFT:
            return SafeString("Nothing yet.")
        found = analyse(row, at=Organisation.get(row.org_id).now())
        rows = [
            (arm.variant, arm.method, arm.everyone.leads, arm.everyone.conversions, arm.matured.leads, _rate(arm))
            for arm in found.arms
        ]
        head = ("Arm", "Method", "Leads", "Conversions", "Whole window over", "Of which converted")
        lift = improvement(found.arms[0].matured, found.arms[1].matured) if found.ratio.holds else None
        last = ("", found.outlook.words, "", "", "", lift or "–")
        return table(head, [*rows, last])

    @admin.display(description="design")
    def design_table(self, row: Experiment) -> SafeString:
        """What decides the result, as it was at the start."""
        return table(("What", "Value"), flat(row.design or {}))

    @admin.display(description="who did what")
    def history(self, row: Experiment) -> SafeString:
        """Every act."""
        acts = lifecycle.acts_of(row)
        lines = ((f"{act.at:%Y-%m-%d %H:%M}", act.by, act.act.removeprefix("experiment."), act.reason) for act in acts)
        return table(("When", "Who", "What", "Why"), lines)


def form_of(step: Step) -> type[ReasonForm]:
    """What is asked before it is taken."""
    return StopForm if step.takes_decision else ReasonForm


def _rate(arm: Any) -> str:
    return "–" if arm.matured.rate is None else f"{arm.matured.rate:.1%}"
