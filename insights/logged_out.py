"""Who is not logged in (any more) is sent to log in, and then to where the person was."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _


def ask_to_log_in(request: HttpRequest) -> HttpResponse:
    """For a page: back to it. A script that asked for a part of a page has the whole page sent to log in."""
    if "HX-Request" not in request.headers:
        return redirect_to_login(request.get_full_path())
    return HttpResponse(headers={"HX-Redirect": redirect_to_login(_page_of(request)).url})


def nothing_was_done(request: HttpRequest) -> HttpResponse:
    """For a button: back to the page that it stood on, as nobody can go to where a button leads. It says so."""
    messages.error(request, _("You were not logged in any more, so nothing was recorded. Log in and do it once more."))
    return redirect_to_login(_page_of(request))


def _page_of(request: HttpRequest) -> str:
    """Path and query of the page of ours that asked; the first page's where it is none, or is not told."""
    told = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(told, allowed_hosts={request.get_host()}):
        return settings.LOGIN_REDIRECT_URL
    parts = urlsplit(told)
    return parts._replace(scheme="", netloc="", fragment="").geturl()
