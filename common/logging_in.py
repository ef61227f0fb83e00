"""Logging in: how often an address and an account may try, at every door where a password is asked for."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.answers import error_answer
from common.programs import wants_json
from common.throttling import Use, count, seconds_to_wait

View = Callable[..., HttpResponseBase]
TOO_OFTEN = "Too many attempts to log in; wait a little."


def address_of(request: HttpRequest) -> str:
    """The caller's address: what the outermost of our own proxies was called from, where TRUSTED_PROXIES says so.

    Each proxy appends to X-Forwarded-For whom it was called by; what stands further left anybody may have written.
    """
    hops = [each.strip() for each in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if each.strip()]
    proxies = settings.TRUSTED_PROXIES
    return str(hops[-proxies]) if 0 < proxies <= len(hops) else str(request.META.get("REMOTE_ADDR", ""))


def wait_before_trying(request: HttpRequest, account: Any) -> int:
    """Counts an attempt; the seconds to wait first, 0 where none are."""
    name = hashlib.sha256(str(account).strip().lower().encode()).hexdigest()
    attempts = [
        Use(settings.RATE_LIMIT_LOGIN_ADDRESS, ("log-in address", address_of(request))),
        Use(settings.RATE_LIMIT_LOGIN_ACCOUNT, ("log-in account", name)),
    ]
    return math.ceil(seconds_to_wait(count(attempts)) or 0)


class LogInLimit(BaseThrottle):
    """The limit at the API's door."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Counts the attempt; False where there were too many."""
        body = request.data if isinstance(request.data, dict) else {}
        self.seconds = wait_before_trying(request._request, body.get("username", ""))
        return self.seconds == 0

    def wait(self) -> float:
        """Seconds until the next attempt, for Retry-After."""
        return float(self.seconds)


def limited(view: View) -> View:
    """The limit at a page's door: it counts what is sent, and not the looking at the form."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            seconds = wait_before_trying(request, request.POST.get("username", ""))
            if seconds:
                return too_often(request, seconds)
        return view(request, *args, **kwargs)

    return door


def too_often(request: HttpRequest, seconds: int) -> HttpResponse:
    """429, as a page for people and as JSON for programs."""
    if wants_json(request):
        response: HttpResponse = error_answer("client_error", "throttled", TOO_OFTEN, 429)
    else:
        response = render(request, "429.html", status=429)
    response["Retry-After"] = str(seconds)
    return response


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """What django-axes answers an address that failed too often with an account."""
    return too_often(request, settings.LOGIN_LOCK_MINUTES * 60)
