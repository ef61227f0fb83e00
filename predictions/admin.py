"""What was answered for leads, for staff to read: quick also on millions of rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from common.admin import LongTable, OwnOrganisationAdmin, ReadOnlyAdmin
from common.errors import Conflict, Unavailable
from common.filters import Within
from common.html import table
from common.posted import text_of
from common.tenancy import org_of
from leads.admin.dossiers import also_show, told
from leads.admin.finding import FoundByLead
from models_registry.admin.live import ACTIVATE
from models_registry.models import ModelVersion
from predictions.models import VECTOR, Prediction, Quality, ScoreJob
from predictions.recalibrating import recalibrate_now

RULES = "rules"


class PredictedWithin(Within):
    """By the index on organisation and time."""

    title = "predicted within the last"
    column = "predicted_at"


class ByVersion(admin.SimpleListFilter):
    """By the index on organisation, version and time; its choices come from the versions, not from predictions."""

    title = "version"
    parameter_name = "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The organisation's versions, newest first, and the rules."""
        versions = ModelVersion.objects.of(org_of(request.user, session=request.session)).newest_first()
        return [(RULES, "rules"), *((name, name) for name in versions.values_list("version", flat=True)[:50])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Prediction]) -> QuerySet[Prediction]:
        """The predictions of the version."""
        chosen = self.value()
        if not chosen:
            return queryset
        return queryset.filter(model_version=None if chosen == RULES else chosen)


@admin.register(Prediction)
class PredictionAdmin(FoundByLead, LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Never changed, so never edited."""

    list_display = (
        "predicted_at",
        "dossier",
        "probability",
        "interval",
        "recommended_action",
        "method",
        "model_version",
    )
    list_filter = (PredictedWithin, ByVersion)
    list_select_related = ()  # the leads of a page are read after it: joined, those of a whole chunk would be
    ordering = ("-predicted_at",)  # then as they came in: whole chunks share their time
    sortable_by = ("predicted_at",)  # what an index sorts
    exclude = VECTOR
    readonly_fields = ("contributions_table",)

    def get_urls(self) -> list[URLPattern]:
        """Recalibration, which the version's page offers, beside Django's own."""
        view = self.admin_site.admin_view(self.recalibrate)
        return [path("recalibrate/", view, name="predictions_prediction_recalibrate"), *super().get_urls()]

    def recalibrate(self, request: HttpRequest) -> HttpResponse:
        """Refits the calibration of the version on whose page it was asked for, if that is the active one."""
        if not request.user.has_perm(ACTIVATE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        org_id = org_of(request.user, session=request.session)
        by = request.user.get_username()
        version = get_object_or_404(ModelVersion.objects.of(org_id), version=text_of(request, "version"))
        try:
            recalibrate_now(org_id=org_id, by=by, reason=text_of(request), version=version.version)
        except ModelVersion.DoesNotExist:
            raise Http404 from None
        except (Conflict, Unavailable) as problem:
            messages.error(request, str(problem.detail))
        else:
            messages.success(request, f"{version} scores by a new calibration from now on; the ledger has the figures.")
        return redirect(reverse("admin:models_registry_modelversion_change", args=[version.pk]))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        """Without the vectors, which a list does not show; the page of one reads its own."""
        return super().get_queryset(request).defer(*VECTOR).prefetch_related("dossier")

    @admin.display(description="probability")
    def probability(self, row: Prediction) -> str:
        """In percent."""
        return f"{row.conversion_probability:.1%}"

    @admin.display(description="interval")
    def interval(self, row: Prediction) -> str:
        """Nominal 90 %."""
        return f"{row.probability_low:.0%} to {row.probability_high:.0%}"

    @admin.display(description="contributions")
    def contributions_table(self, row: Prediction) -> SafeString:
        """Every feature with the value it had and its part, in points; the value alone if `is_unexplained`."""
        parts = [(name, value, f"{100 * part:+.2f}") for name, value, part in row.vector]
        lines = parts or [(name, value, "its model is no longer kept") for name, value in row.inputs.items()]
        rows = ((name, "missing" if value is None else value, part) for name, value, part in lines)
        return table(("Feature", "Value", "Points"), rows)


SAID = ("predicted_at", "conversion_probability", "probability_low", "probability_high", "recommended_action", "method")
also_show(told(Prediction, *SAID, "model_version", by="predicted_at", deferred=VECTOR))


@admin.register(ScoreJob)
class ScoreJobAdmin(LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """How far scoring in the background is, and how it ended."""

    list_display = ("created_at", "status", "percent", "scored", "failed", "total", "started_by", "finished_at")
    list_filter = ("status",)
    ordering = ("-created_at",)

    @admin.display(description="progress")
    def percent(self, job: ScoreJob) -> str:
        """How far it is."""
        return f"{job.progress:.0%}"


@admin.register(Quality)
class QualityAdmin(LongTable, ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """How versions kept their word, as it was measured: read, never edited."""

    list_display = ("at", "whose", "kind", "window_days", "leads", "roc_auc", "log_loss", "calibration_error")
    list_filter = ("kind", "window_days")
    search_fields = ("version",)
    search_help_text = "A version"
    ordering = ("-at", "version", "kind", "window_days")

    @admin.display(description="version", ordering="version")
    def whose(self, row: Quality) -> str:
        """The version, or that it is of all that scored."""
        return row.version or "every model"

    @admin.display(description="leads")
    def leads(self, row: Quality) -> str:
        """How many were judged."""
        return f"{row.figures.get('leads', row.figures.get('n', 0)):,}"

    @admin.display(description="ROC-AUC")
    def roc_auc(self, row: Quality) -> str:
        """To three places."""
        return _three(row, "roc_auc")

    @admin.display(description="log loss")
    def log_loss(self, row: Quality) -> str:
        """In nats."""
        return _three(row, "log_loss")

    @admin.display(description="calibration error")
    def calibration_error(self, row: Quality) -> str:
        """Over bins of equal mass."""
        return _three(row, "calibration_error")


def _three(row: Quality, name: str) -> str:
    figure = row.figures.get(name)
    return "–" if figure is None else f"{figure:.3f}"
