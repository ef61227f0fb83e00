"""Sends whoever is not (or no longer) logged in to the login page, and afterwards back to where they were."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _


def ask_to_log_in(request: HttpRequest) -> HttpResponse:
    """For a page: login, then back to it. For a fragment that a script asked for, the whole page is sent to log in."""
    if "HX-Request" not in request.headers:
        return redirect_to_login(request.get_full_path())
    return HttpResponse(headers={"HX-Redirect": redirect_to_login(_page_of(request)).url})


def nothing_was_done(request: HttpRequest) -> HttpResponse:
    """For a button: login, then back to the page that it stands on, with a message that nothing was recorded.

    A button's own address takes only POST, so nobody can be sent there.
    """
    messages.error(request, _("You were not logged in any more, so nothing was recorded. Log in and do it once more."))
    return redirect_to_login(_page_of(request))


def _page_of(request: HttpRequest) -> str:
    """Path and query of the page that sent the request; the first page's where that is unknown or not one of ours."""
    told = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(told, allowed_hosts={request.get_host()}):
        return settings.LOGIN_REDIRECT_URL
    parts = urlsplit(told)
    return parts._replace(scheme="", netloc="", fragment="").geturl()
