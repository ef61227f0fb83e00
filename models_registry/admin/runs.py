"""Training runs for staff: start one, watch it, give it up, read what came of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common.admin import OwnOrganisationAdmin, ReadOnlyAdmin
from common.errors import Conflict
from common.html import flat, table
from common.serializers import LONGEST_TEXT
from common.tenancy import org_of
from models_registry.admin.versions import ACTIVATE
from models_registry.cancellation import cancel_training
from models_registry.learning.algorithms import ALGORITHMS, AUTO
from models_registry.models import TrainingRun, Trigger
from models_registry.training import TooFewRecords, start_training

MOST_IN_LIST = 80


class TrainForm(forms.Form):
    """What a person may say of a run."""

    algorithm = forms.ChoiceField(
        choices=lambda: [(AUTO, "Choose for me"), *((name, each.title) for name, each in ALGORITHMS.items())]
    )
    notes = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        help_text="Kept on the version that it makes.",
        widget=forms.Textarea({"rows": 3}),
    )


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Runs are started and cancelled here, and never edited."""

    list_display = (
        "created_at",
        "status",
        "percent",
        "algorithm",
        "trigger",
        "started_by",
        "version",
        "activated",
        "short_verdict",
    )
    list_filter = ("status", "trigger", "activated")
    list_select_related = ("version",)
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": ("status", "stage", "algorithm", "trigger", "because", "started_by", "notes")}),
        ("What came of it", {"fields": ("version", "activated", "verdict", "error", "checks_table", "evidence_table")}),
        ("What it learnt from", {"fields": ("since", "as_of", "counts_table")}),
        ("When", {"fields": ("created_at", "started_at", "heartbeat_at", "finished_at", "log")}),
    )
    readonly_fields = ("checks_table", "evidence_table", "counts_table", "log")
    change_list_template = "admin/models_registry/trainingrun/change_list.html"
    change_form_template = "admin/models_registry/trainingrun/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """Train, follow and cancel, beside Django's own."""
        view = self.admin_site.admin_view
        return [
            path("train/", view(self.train), name="models_registry_trainingrun_train"),
            path("<uuid:key>/progress/", view(self.progress), name="models_registry_trainingrun_progress"),
            path("<uuid:key>/cancel/", view(self.cancel), name="models_registry_trainingrun_cancel"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the button for those who may press it."""
        return super().changelist_view(request, (extra_context or {}) | {"may_train": request.user.has_perm(ACTIVATE)})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One run; while it is open, its progress moves by itself."""
        context = {"run": self.get_object(request, object_id), "may_train": request.user.has_perm(ACTIVATE)}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def train(self, request: HttpRequest) -> HttpResponse:
        """The form (GET), and starting (POST)."""
        if not request.user.has_perm(ACTIVATE):
            raise PermissionDenied
        form = TrainForm(request.POST or None, initial={"algorithm": AUTO})
        if request.method == "POST" and form.is_valid() and (run := self._started(request, form)):
            return redirect(reverse("admin:models_registry_trainingrun_change", args=[run.pk]))
        context = self.admin_site.each_context(request)
        context |= {"opts": self.opts, "form": form, "title": "Train a new version"}
        return TemplateResponse(request, "admin/models_registry/trainingrun/train.html", context)

    def _started(self, request: HttpRequest, form: TrainForm) -> TrainingRun | None:
        org_id = org_of(request.user, session=request.session)
        try:
            return start_training(
                org_id=org_id, by=request.user.get_username(), trigger=Trigger.ADMIN, **form.cleaned_data
            )
        except Conflict as problem:
            form.add_error(None, str(problem.detail))
        except TooFewRecords as problem:
            form.add_error(None, f"There is too little to learn from: {problem}")
        except ValueError as problem:  # an algorithm that this machine cannot run
            form.add_error("algorithm", str(problem))
        return None

    def _run_or_404(self, request: HttpRequest, key: Any) -> TrainingRun:
        run: TrainingRun | None = self.get_object(request, str(key))
        if run is None:
            raise Http404
        return run

    def progress(self, request: HttpRequest, key: Any) -> HttpResponse:
        """A fragment: how far the run is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = self._run_or_404(request, key)
        return render(request, "admin/models_registry/trainingrun/progress.html", {"run": run})

    def cancel(self, request: HttpRequest, key: Any) -> HttpResponse:
        """Gives the run up."""
        if not request.user.has_perm(ACTIVATE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        run = self._run_or_404(request, key)
        if cancel_training(run=run, by=request.user.get_username(), at=timezone.now()):
            messages.success(request, "The run is cancelled; nothing was changed.")
        else:
            messages.info(request, "The run had ended already.")
        return redirect(reverse("admin:models_registry_trainingrun_change", args=[key]))

    @admin.display(description="progress")
    def percent(self, run: TrainingRun) -> str:
        """How far it is."""
        return f"{run.progress:.0%}"

    @admin.display(description="verdict")
    def short_verdict(self, run: TrainingRun) -> str:
        """The beginning of the verdict or the error."""
        text = run.verdict or run.error
        return text if len(text) <= MOST_IN_LIST else f"{text[: MOST_IN_LIST - 1]}…"

    @admin.display(description="usable records")
    def counts_table(self, run: TrainingRun) -> SafeString:
        """By outcome."""
        return table(("What", "Leads"), flat(run.counts))

    @admin.display(description="checks")
    def checks_table(self, run: TrainingRun) -> SafeString | str:
        """Each check of the version it made."""
        rows = [(check.name, "passed" if check.passed else "failed", check.words) for check in run.checks.all()]
        return table(("Check", "Result", "Why"), rows) if rows else "–"

    @admin.display(description="the gate's evidence")
    def evidence_table(self, run: TrainingRun) -> SafeString | str:
        """The numbers behind the verdict."""
        return table(("What", "Value"), flat(run.evidence)) if run.evidence else "–"

    @admin.display(description="log")
    def log(self, run: TrainingRun) -> SafeString:
        """What it said on its way."""
        lines = format_html_join("", "<li>{}</li>", ((line["text"],) for line in run.messages))
        return format_html("<ol>{}</ol>", lines)
