"""Which organisation a superuser looks at."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from common.tenancy import CHOSEN_ORG
from insights.access import Viewer, act


@act(None)
def choose(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Keeps the choice in the session."""
    if not viewer.user.is_superuser:
        raise PermissionDenied
    chosen = request.POST.get("org_id", "")
    if chosen in viewer.organisations():
        request.session[CHOSEN_ORG] = chosen
    else:
        messages.error(request, _("There is no such organisation."))
    return redirect("insights:today")
