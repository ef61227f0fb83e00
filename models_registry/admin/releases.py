"""Releases for staff: which attributes learning may use though they look like leaks, and taking a release back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from common.admin import OwnOrganisationAdmin, ReadOnlyAdmin
from common.posted import text_of
from common.tenancy import org_of
from models_registry.models import ModelVersion, ReleasedAttribute
from models_registry.releases import NoReason, release_suspect, suspects_of, withdraw_release

RELEASE = "models_registry.release_suspect"


@admin.register(ReleasedAttribute)
class ReleasedAttributeAdmin(ReadOnlyAdmin, OwnOrganisationAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Released on a version's page, withdrawn here, never edited."""

    list_display = ("attribute", "by", "at", "reason")
    ordering = ("attribute",)
    fields = ("attribute", "by", "at", "reason")
    change_form_template = "admin/models_registry/releasedattribute/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """Releasing and withdrawing, beside Django's own."""
        view = self.admin_site.admin_view
        return [
            path("release/<int:key>/", view(self.release), name="models_registry_releasedattribute_release"),
            path("<int:key>/withdraw/", view(self.withdraw), name="models_registry_releasedattribute_withdraw"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One release, with the button for those who may press it."""
        context = {"may_release": request.user.has_perm(RELEASE)}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def release(self, request: HttpRequest, key: int) -> HttpResponse:
        """Asks why (GET), and releases (POST) the `attribute` that a version of that key suspects."""
        if not request.user.has_perm(RELEASE):
            raise PermissionDenied
        org_id = org_of(request.user, session=request.session)
        version = ModelVersion.objects.of(org_id).filter(pk=key).first()
        name = request.POST.get("attribute") or request.GET.get("attribute")
        suspect = next((each for each in suspects_of(version) if each["attribute"] == name), None) if version else None
        if version is None or suspect is None:
            raise Http404
        if request.method != "POST":
            return self._asked(request, version, suspect)
        return self._released(request, version, suspect)

    def _released(self, request: HttpRequest, version: ModelVersion, suspect: dict[str, Any]) -> HttpResponse:
        name, by, reason = suspect["attribute"], request.user.get_username(), text_of(request)
        try:
            release_suspect(org_id=version.org_id, attribute=name, by=by, at=timezone.now(), reason=reason)
        except NoReason:
            return self._asked(request, version, suspect, "Say why: what shows that it is known in time?", 400)
        messages.success(request, f"{name} is released: the next training may use it.")
        return redirect(reverse("admin:models_registry_modelversion_change", args=[version.pk]))

    def _asked(
        self, request: HttpRequest, version: ModelVersion, suspect: dict[str, Any], problem: str = "", status: int = 200
    ) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "version": version,
            "suspect": suspect,
            "problem": problem,
            "title": f"Release {suspect['attribute']}?",
        }
        template = "admin/models_registry/releasedattribute/release.html"
        return TemplateResponse(request, template, context, status=status)

    def withdraw(self, request: HttpRequest, key: int) -> HttpResponse:
        """Takes the release back."""
        if not request.user.has_perm(RELEASE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        release: ReleasedAttribute | None = self.get_object(request, str(key))
        if release is None:
            raise Http404
        by, name = request.user.get_username(), release.attribute
        withdraw_release(org_id=release.org_id, attribute=name, by=by, at=timezone.now())
        messages.success(request, f"{name} is kept out again where it looks like a leak.")
        return redirect(reverse("admin:models_registry_releasedattribute_changelist"))
