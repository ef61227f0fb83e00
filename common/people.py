"""Middleware for browsers: sessions, languages, what a page may load. Requests of programs skip it.

Each class is Django's own, or a package's, with that shortcut. A program that shows a token needs none of them; and
though each does little, its code is seldom in the processor's caches, which makes it dear.
"""

from __future__ import annotations

from typing import Any

from axes.middleware import AxesMiddleware
from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django_otp.middleware import OTPMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

from common.programs import shows_a_token, wants_json

ENGLISH = "en"


class OfPeople:
    """Mixed into a middleware: a request that shows a token skips it."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on through the middleware, or past it."""
        return self.get_response(request) if shows_a_token(request) else super().__call__(request)  # type: ignore[misc,no-any-return]


class ContentPolicy(OfPeople, CSPMiddleware):
    """The content security policy of pages."""


class StaticFiles(OfPeople, WhiteNoiseMiddleware):  # type: ignore[misc]
    """Static files, by WhiteNoise."""


class Sessions(OfPeople, SessionMiddleware):
    """The browser's session."""


class Languages(OfPeople, LocaleMiddleware):
    """By the language chosen on a page, else by what the browser prefers; programs and the admin always in English."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Activates English: this thread may have answered somebody in another language before."""
        if shows_a_token(request):
            translation.activate(ENGLISH)
        return super().__call__(request)

    def process_request(self, request: HttpRequest) -> None:
        """Activates the language."""
        if wants_json(request) or request.path.startswith("/admin/"):
            translation.activate(ENGLISH)
            request.LANGUAGE_CODE = ENGLISH
        else:
            super().process_request(request)


class LoggedIn(OfPeople, AuthenticationMiddleware):
    """The user of the session."""


class SecondFactor(OfPeople, OTPMiddleware):  # type: ignore[misc]
    """Whether the user has been verified by a second factor."""


class Messages(OfPeople, MessageMiddleware):
    """Messages to be shown on the next page."""


class LockedOut(OfPeople, AxesMiddleware):  # type: ignore[misc]
    """Answers who has failed to log in too often (django-axes)."""
