"""The page on which a person starts: the first one that the person may see."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from insights.access import SEE_DATA, SEE_EXPERIMENTS, SEE_LEADS, SEE_MODELS

PAGES = {
    SEE_LEADS: "insights:today",
    SEE_MODELS: "insights:models",
    SEE_DATA: "insights:data",
    SEE_EXPERIMENTS: "insights:experiments",
}
"""What each page asks for, in the order in which the pages' head names them (templates/pages.html)."""


def first_page_of(person: Any) -> str | None:
    """Its address; None where the person may see no page at all."""
    for permission, name in PAGES.items():
        if person.has_perm(permission):
            return reverse(name)
    return reverse("admin:index") if person.is_staff else None


@require_safe
def first_page(request: HttpRequest) -> HttpResponse:
    """Redirects to it; 403 where there is none. Who is not logged in goes to the login page first."""
    if not request.user.is_authenticated:
        return redirect(settings.LOGIN_URL)
    address = first_page_of(request.user)
    if address is None:
        raise PermissionDenied
    return redirect(address)
