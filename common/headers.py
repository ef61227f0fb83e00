"""Headers of every answer: browser features that no page of ours uses, and a strict policy for what is not a page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from common.programs import shows_a_token

NOTHING = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "microphone",
        "payment",
        "usb",
    )
)


TO_ALL = {"Permissions-Policy": NOTHING}
TO_PROGRAMS = TO_ALL | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
"""Pages have a policy of their own (`common.people`)."""


class OurHeaders:
    """Adds the headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on, and adds the headers."""
        response = self.get_response(request)
        for name, value in (TO_PROGRAMS if shows_a_token(request) else TO_ALL).items():
            response.headers[name] = value
        return response
