"""What staff change of what is live, from a version's page: shadow, thresholds, and an earlier calibration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from common.errors import Conflict
from common.posted import text_of
from models_registry import thresholds
from models_registry.models import ModelVersion
from models_registry.recalibration import roll_back_calibration
from models_registry.shadowing import clear_shadow, set_shadow
from models_registry.thresholds import Disordered, set_thresholds

ACTIVATE = "models_registry.activate_modelversion"


class LiveActs:
    """A mixin before ModelAdmin: the acts, each a POST, and what the page needs to offer them."""

    def get_urls(self) -> list[URLPattern]:
        """One address an act, beside the others."""
        wrap = self.admin_site.admin_view  # type: ignore[attr-defined]
        ours = [
            path(f"<path:key>/live/{name}/", wrap(self._door(act)), name=f"models_registry_modelversion_{name}")
            for name, act in ACTS.items()
        ]
        return [*ours, *super().get_urls()]  # type: ignore[misc]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The card, with what may be changed of it, for those who may."""
        row: ModelVersion | None = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if row is not None and request.user.has_perm(ACTIVATE):
            live = {"may_change_live": True, "live_thresholds": thresholds.of(row)}
            extra_context = (extra_context or {}) | live
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)  # type: ignore[misc]
        return answer

    def _door(self, act: Callable[[ModelVersion, HttpRequest], str]) -> Callable[..., HttpResponse]:
        def door(request: HttpRequest, key: str) -> HttpResponse:
            row: ModelVersion | None = self.get_object(request, key)  # type: ignore[attr-defined]
            if row is None:
                raise Http404
            if not request.user.has_perm(ACTIVATE):
                raise PermissionDenied
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            try:
                messages.success(request, act(row, request))
            except Conflict as problem:
                messages.error(request, str(problem.detail))
            except Disordered as problem:
                messages.error(request, f"Not set: {problem}")
            return redirect(reverse("admin:models_registry_modelversion_change", args=[row.pk]))

        return door


def _told(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user.get_username(), "reason": text_of(request)}


def _shadow(row: ModelVersion, request: HttpRequest) -> str:
    set_shadow(org_id=row.org_id, version=row.version, at=timezone.now(), **_told(request))
    return f"{row} scores silently from now on; nobody is answered by it."


def _no_shadow(row: ModelVersion, request: HttpRequest) -> str:
    clear_shadow(org_id=row.org_id, version=row.version, at=timezone.now(), **_told(request))
    return "No version scores silently any more; what it said is kept."


def _set_thresholds(row: ModelVersion, request: HttpRequest) -> str:
    wanted = None if "installation" in request.POST else _numbers(request)
    set_thresholds(org_id=row.org_id, version=row.version, thresholds=wanted, **_told(request))
    return "These thresholds hold from now on."


def _numbers(request: HttpRequest) -> dict[str, float]:
    try:
        return {name: float(request.POST.get(name, "")) for name in thresholds.NAMES}
    except ValueError as error:
        raise Disordered({"each": "must be a number."}) from error


def _restore(row: ModelVersion, request: HttpRequest) -> str:
    roll_back_calibration(org_id=row.org_id, version=row.version, **_told(request))
    return "The calibration before the present one holds again; the daily look counts what is said from now on."


ACTS: dict[str, Callable[[ModelVersion, HttpRequest], str]] = {
    "shadow": _shadow,
    "unshadow": _no_shadow,
    "thresholds": _set_thresholds,
    "restore": _restore,
}
