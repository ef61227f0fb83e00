"""One line in the log for each request, and what every line of it carries."""

from __future__ import annotations

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from common.programs import wants_json


class RequestLog(RequestMiddleware):
    """django-structlog's, with addresses as they are told: guessing the caller's among the headers costs more."""

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """`ip` is who has connected; `forwarded_for` whom a proxy before us names, where there is one."""
        structlog.contextvars.bind_contextvars(ip=request.META.get("REMOTE_ADDR"))
        forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR")
        if forwarded_for:
            structlog.contextvars.bind_contextvars(forwarded_for=forwarded_for)

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Who is logged in on a page. Who calls the API is known later (`tell_who`), and has no session to look for."""
        if not wants_json(request):
            RequestMiddleware.bind_user_id(request)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and path. Without the query, in which somebody may have looked for a name."""
        return f"{request.method} {request.path}"


def tell_who(*, org_id: str, caller: str) -> None:
    """From here on every line of this request, and of the tasks that it hands out, says whose it is and who asked."""
    structlog.contextvars.bind_contextvars(org_id=org_id, caller=caller)
