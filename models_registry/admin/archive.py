"""Archiving from a version's page: asked first, because an artefact that is gone does not come back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from common.errors import Conflict
from common.posted import text_of
from models_registry.archiving import archive_version
from models_registry.models import ModelVersion

ARCHIVE = "models_registry.archive_modelversion"


class Archiving:
    """A mixin before ModelAdmin: the confirmation, and the act."""

    def get_urls(self) -> list[URLPattern]:
        """One address, beside the others."""
        view = self.admin_site.admin_view(self.archive)  # type: ignore[attr-defined]
        ours = path("<path:key>/archive/", view, name="models_registry_modelversion_archive")
        return [ours, *super().get_urls()]  # type: ignore[misc]

    def archive(self, request: HttpRequest, key: str) -> HttpResponse:
        """Says what will be gone (GET), and archives (POST)."""
        row: ModelVersion | None = self.get_object(request, key)  # type: ignore[attr-defined]
        if row is None:
            raise Http404
        if not request.user.has_perm(ARCHIVE):
            raise PermissionDenied
        if request.method == "POST":
            return _archived(request, row)
        context = self.admin_site.each_context(request)  # type: ignore[attr-defined]
        context |= {"opts": self.opts, "version": row, "title": f"Archive {row}?"}  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/models_registry/modelversion/archive.html", context)


def may_archive(request: HttpRequest, row: ModelVersion) -> bool:
    """Whether the button is offered: to who may, for a version that is kept and not in use."""
    return not (row.is_active or row.is_shadow or row.archived) and request.user.has_perm(ARCHIVE)


def _archived(request: HttpRequest, row: ModelVersion) -> HttpResponse:
    try:
        archive_version(
            org_id=row.org_id,
            version=row.version,
            by=request.user.get_username(),
            at=timezone.now(),
            reason=text_of(request),
        )
    except Conflict as problem:
        messages.error(request, str(problem.detail))
    else:
        messages.success(request, f"{row} is archived: its card stays, and it never scores again.")
    return redirect(reverse("admin:models_registry_modelversion_change", args=[row.pk]))
