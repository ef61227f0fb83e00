"""Versions for staff: the list with its figures, the card, and making one active after a look at both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from common.admin import OwnOrganisationAdmin
from common.errors import Conflict
from common.html import flat, table
from common.posted import text_of
from models_registry.admin.archive import Archiving, may_archive
from models_registry.admin.comparing import Comparing, lines_of
from models_registry.admin.live import LiveActs
from models_registry.admin.releases import RELEASE
from models_registry.card_file import card_file
from models_registry.card_sayings import three
from models_registry.card_sections import SHOWN_KEYS, sections_of
from models_registry.choice import Choice, Refused, choice_of, choose
from models_registry.info import card_of
from models_registry.measures import CALIBRATION_ERROR, LOG_LOSS, ROC_AUC, Measure, value_of
from models_registry.models import ModelVersion
from models_registry.releases import suspects_of
from models_registry.transfer import CannotExport, export_version

ACTIVATE, OVERRIDE = "models_registry.activate_modelversion", "models_registry.override_gate"
MOST_IN_LIST = 60

SECTION = "<h3>{}</h3><p>{}</p>{}"


class ByKeeping(admin.SimpleListFilter):
    """Whether a version can score again."""

    title = parameter_name = "artefact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The two."""
        return [("kept", "kept"), ("archived", "archived")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> QuerySet[ModelVersion]:
        """The versions that are so."""
        chosen = self.value()
        return queryset.filter(archived_at__isnull=chosen == "kept") if chosen in ("kept", "archived") else queryset


@admin.register(ModelVersion)
class ModelVersionAdmin(LiveActs, Comparing, Archiving, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Only the notes are written here; everything else is what training left."""

    list_display = (
        "version",
        "is_active",
        "is_shadow",
        "algorithm",
        "roc_auc",
        "log_loss",
        "calibration_error",
        "created_at",
        "short_notes",
        "kept",
    )
    list_filter = (ByKeeping,)
    search_fields = ("version", "algorithm", "notes")
    actions = ("compare_chosen",)
    ordering = ("-version",)
    readonly_fields = (
        "version",
        "is_active",
        "is_shadow",
        "calibration",
        "thresholds",
        "algorithm",
        "created_at",
        "created_by",
        "archived_at",
        "digest",
        "sections",
        "provenance",
    )
    fieldsets = (
        (None, {"fields": ("version", "is_active", "algorithm", "created_at", "created_by", "archived_at", "notes")}),
        ("How it scores", {"fields": ("is_shadow", "calibration", "thresholds")}),
        ("The card", {"fields": ("sections",)}),
        ("Where it comes from", {"fields": ("provenance", "digest")}),
    )
    change_form_template = "admin/models_registry/modelversion/change_form.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Versions come from training."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A card outlives its artefact: archiving drops that, and only that."""
        return False

    def save_model(self, request: HttpRequest, obj: ModelVersion, form: Any, change: bool) -> None:
        """The notes alone: which version is active, and how it scores, may have changed since the row was read."""
        obj.save(update_fields=["notes"])

    def get_urls(self) -> list[URLPattern]:
        """The confirmation page and the card's file beside Django's own."""
        activate, card, export = map(self.admin_site.admin_view, (self.activate, self.card, self.export))
        return [
            path("<path:key>/activate/", activate, name="models_registry_modelversion_activate"),
            path("<path:key>/card/", card, name="models_registry_modelversion_card"),
            path("<path:key>/export/", export, name="models_registry_modelversion_export"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The card, with the button for those who may press it."""
        row = self.get_object(request, object_id)
        can = row is not None and not row.is_active and not row.archived and request.user.has_perm(ACTIVATE)
        context: dict[str, Any] = {
            "choice": choice_of(org_id=row.org_id, version=row.version) if row is not None and can else None,
            "active": ModelVersion.objects.of(row.org_id).active().first() if row is not None else None,
            "may_archive": row is not None and may_archive(request, row),
            "suspects": suspects_of(row) if row is not None else [],
            "may_release": request.user.has_perm(RELEASE),
        }
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def activate(self, request: HttpRequest, key: str) -> HttpResponse:
        """Both versions side by side (GET); then the change (POST)."""
        row = self.get_object(request, key)
        if row is None:
            raise Http404
        if not request.user.has_perm(ACTIVATE):
            raise PermissionDenied
        choice = choice_of(org_id=row.org_id, version=row.version)
        return self._chosen(request, choice) if request.method == "POST" else self._asked(request, choice)

    def card(self, request: HttpRequest, key: str) -> HttpResponse:
        """The card in Markdown, as a file."""
        row = self.get_object(request, key)
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return card_file(row)

    def export(self, request: HttpRequest, key: str) -> HttpResponse:
        """The version as a signed file for another installation: by POST, because it is written down who took it."""
        row = self.get_object(request, key)
        if row is None:
            raise Http404
        if not request.user.has_perm(ACTIVATE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            data = export_version(
                org_id=row.org_id, version=row.version, by=request.user.get_username(), at=timezone.now()
            )
        except CannotExport as problem:
            messages.error(request, str(problem.detail))
            return redirect(reverse("admin:models_registry_modelversion_change", args=[row.pk]))
        answer = HttpResponse(data, content_type="application/octet-stream")
        answer["Content-Disposition"] = f'attachment; filename="model-{row.version}.sealed"'
        return answer

    def _chosen(self, request: HttpRequest, choice: Choice) -> HttpResponse:
        may_override = request.user.has_perm(OVERRIDE)
        try:
            choose(
                org_id=choice.chosen.org_id,
                version=choice.chosen.version,
                by=request.user.get_username(),
                instead_of=request.POST.get("instead_of", ""),
                may_override=may_override,
                reason=text_of(request),
            )
        except Conflict as problem:
            return self._asked(request, choice, str(problem.detail), 409)
        except Refused:
            if not may_override:
                raise PermissionDenied from None
            return self._asked(request, choice, "Say why: the gate has not passed this version.", 400)
        messages.success(request, f"{choice.chosen} scores from now on.")
        return redirect(reverse("admin:models_registry_modelversion_changelist"))

    def _asked(self, request: HttpRequest, choice: Choice, problem: str = "", status: int = 200) -> HttpResponse:
        sides = [side for side in (choice.active, choice.chosen) if side is not None]
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "choice": choice,
            "sides": sides,
            "lines": lines_of(sides),
            "problem": problem,
            "title": f"{'Roll back' if choice.is_rollback else 'Activate'} {choice.chosen}?",
            "may_go_on": choice.passed or request.user.has_perm(OVERRIDE),
        }
        return TemplateResponse(request, "admin/models_registry/modelversion/activate.html", context, status=status)

    @admin.display(description="forward ROC-AUC")
    def roc_auc(self, row: ModelVersion) -> str:
        """Measured on leads that came later."""
        return _measured(row, ROC_AUC)

    @admin.display(description="log loss")
    def log_loss(self, row: ModelVersion) -> str:
        """Lower is better."""
        return _measured(row, LOG_LOSS)

    @admin.display(description="calibration error")
    def calibration_error(self, row: ModelVersion) -> str:
        """By how much the probabilities are off on average."""
        return _measured(row, CALIBRATION_ERROR)

    @admin.display(description="notes")
    def short_notes(self, row: ModelVersion) -> str:
        """The beginning of the notes."""
        return row.notes if len(row.notes) <= MOST_IN_LIST else f"{row.notes[: MOST_IN_LIST - 1]}…"

    @admin.display(description="kept", boolean=True)
    def kept(self, row: ModelVersion) -> bool:
        """Whether it could score again."""
        return not row.archived

    @admin.display(description="how good it is, and what it reads")
    def sections(self, row: ModelVersion) -> SafeString:
        """The card, one subject after another, each with its table."""
        told = sections_of(card_of(row))
        parts = ((each.title, each.words, table(each.head, each.rows)) for each in told)
        return format_html_join("", SECTION, parts)

    @admin.display(description="provenance")
    def provenance(self, row: ModelVersion) -> SafeString:
        """What else the card says, name by name."""
        rest = {name: value for name, value in row.card.items() if name not in SHOWN_KEYS}
        return table(("What", "Value"), ((name, told) for name, told in flat(rest) if not isinstance(told, list)))


def _measured(row: ModelVersion, measure: Measure) -> str:
    return three(value_of(row.metrics, measure))
