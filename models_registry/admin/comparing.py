"""Two versions side by side: what the confirmation of a change shows, and a page to compare any two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from models_registry.card_sayings import share, three
from models_registry.info import card_of
from models_registry.measures import BETTER, MEASURES, SAME, UNSURE, WORSE, Measure, interval_of, value_of, verdict
from models_registry.models import ModelVersion, TrainingRun

MOST_FEATURES = 15
UNKNOWN = "–"
WORDS = {BETTER: "better", WORSE: "worse", SAME: "the same", UNSURE: "within chance"}


@dataclass(frozen=True)
class Line:
    """A measure of a version, or of two: each as it is shown, how far the second is from the first, and which way."""

    measure: Measure
    values: list[str]
    difference: str = ""
    verdict: str = ""


def lines_of(sides: Sequence[ModelVersion]) -> list[Line]:
    """Every measure of one version, or of two with the difference of the second from the first."""
    return [_line(measure, sides) for measure in MEASURES]


def _line(measure: Measure, sides: Sequence[ModelVersion]) -> Line:
    values = [value_of(side.metrics, measure) for side in sides]
    shown = [three(value) for value in values]
    if len(values) < 2 or values[0] is None or values[1] is None:
        return Line(measure, shown)
    before, after = (interval_of(side.metrics, measure) for side in sides)
    said = verdict(measure, (values[0], values[1]), (before, after))
    return Line(measure, shown, "0.000" if said == SAME else f"{values[1] - values[0]:+.3f}", WORDS[said])


class Comparing:
    """A mixin before ModelAdmin: an action for two chosen versions, and the page that it leads to."""

    def get_urls(self) -> list[URLPattern]:
        """The page, beside the others."""
        view = self.admin_site.admin_view(self.compare)  # type: ignore[attr-defined]
        return [path("compare/", view, name="models_registry_modelversion_compare"), *super().get_urls()]  # type: ignore[misc]

    @admin.action(description="Compare two versions", permissions=["view"])
    def compare_chosen(self, request: HttpRequest, rows: QuerySet[ModelVersion]) -> HttpResponse | None:
        """To the page of the two, the earlier one first."""
        versions = list(rows.order_by("version").values_list("version", flat=True)[:3])
        if len(versions) != 2:
            messages.warning(request, "Choose two versions to compare.")
            return None
        address = reverse("admin:models_registry_modelversion_compare")
        return redirect(f"{address}?{urlencode({'one': versions[0], 'other': versions[1]})}")

    def compare(self, request: HttpRequest) -> HttpResponse:
        """The versions `one` and `other` side by side."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        names = [request.GET.get(name, "").replace("\x00", "") for name in ("one", "other")]
        rows = {row.version: row for row in self.get_queryset(request).filter(version__in=names)}  # type: ignore[attr-defined]
        if not all(name in rows for name in names):
            raise Http404
        sides = [rows[name] for name in names]
        context = self.admin_site.each_context(request) | {  # type: ignore[attr-defined]
            "opts": self.opts,  # type: ignore[attr-defined]
            "title": f"{sides[0]} and {sides[1]}",
            "sides": sides,
            "lines": lines_of(sides),
            "facts": _facts(sides),
            "importance": _importance(sides),
            "verdict": _verdict(sides),
        }
        return TemplateResponse(request, "admin/models_registry/modelversion/compare.html", context)


def _facts(sides: Sequence[ModelVersion]) -> list[tuple[str, list[Any]]]:
    cards = [card_of(side) for side in sides]
    told = {
        "State": ["scores now" if side.is_active else "archived" if side.archived else "kept" for side in sides],
        "Algorithm": [side.algorithm for side in sides],
        "Made": [f"{side.created_at:%Y-%m-%d %H:%M}" for side in sides],
        "Leads it learnt from": [_learnt_from(card) for card in cards],
        "Calibration": ["refitted since" if side.calibration else "its own" for side in sides],
        "Thresholds": ["its own" if side.thresholds else "the installation's" for side in sides],
        "Notes": [side.notes or UNKNOWN for side in sides],
    }
    return list(told.items())


def _learnt_from(card: dict[str, Any]) -> str:
    leads = (card.get("training") or {}).get("leads")
    return UNKNOWN if leads is None else f"{leads:,}"


def _importance(sides: Sequence[ModelVersion]) -> list[tuple[str, list[str]]]:
    """(feature, its share in each) for the features that weigh most in either."""
    shares = [{each["feature"]: each["importance"] for each in side.importance} for side in sides]
    names = sorted({*shares[0], *shares[1]}, key=lambda name: -max(part.get(name, 0.0) for part in shares))
    return [(name, [share(part.get(name)) for part in shares]) for name in names[:MOST_FEATURES]]


def _verdict(sides: Sequence[ModelVersion]) -> str:
    """What the gate said where it held one against the other, on the same leads; empty where it did not."""
    run = TrainingRun.objects.filter(version__in=sides, evidence__champion__in=[side.version for side in sides]).first()
    return run.verdict if run else ""
