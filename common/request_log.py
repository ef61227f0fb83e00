"""One line in the log for each request, and what every line of it carries."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django_structlog.middlewares import RequestMiddleware
from structlog.contextvars import bind_contextvars, clear_contextvars

from common.programs import wants_json

LONGEST_ID = 64
log = structlog.get_logger("django_structlog.middlewares.request")


class RequestLog(RequestMiddleware):
    """django-structlog's, which says the same of an answered request in one line and with fewer steps.

    Streams, and errors that no view expected, are told by its own ways.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on, and says how it ended."""
        self.prepare(request)
        response: HttpResponse = self.get_response(request)  # type: ignore[assignment]
        if response.streaming or hasattr(request, "_raised_exception"):
            self.handle_response(request, response)
        else:
            self.bind_user_id(request)
            level = self._log_level_for_status_code(response.status_code)
            log.log(level, "request_finished", code=response.status_code, request=self.format_request(request))
            clear_contextvars()
        return response

    def prepare(self, request: HttpRequest) -> None:
        """What every line carries: the request's id, who has connected, and whom a proxy before us names."""
        told = {"request_id": _id_of(request), "ip": request.META.get("REMOTE_ADDR")}
        forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR")
        if forwarded_for:
            told["forwarded_for"] = forwarded_for
        bind_contextvars(**told)
        self.bind_user_id(request)

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Binds the user of a page's session. A caller of the API has none, and is known only later (`tell_who`).

        Where the database is away, reading the session fails after a wait. Whoever asks for the user later in the
        request gets the same error at once, without waiting again.
        """
        if wants_json(request):
            return
        try:
            RequestMiddleware.bind_user_id(request)
        except (InterfaceError, OperationalError) as error:
            away = error

            def nobody_knows() -> Any:
                raise away

            request.user = SimpleLazyObject(nobody_knows)  # type: ignore[assignment]

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and path. Without the query, in which somebody may have looked for a name."""
        return f"{request.method} {request.path}"


def _id_of(request: HttpRequest) -> str:
    """The caller's `X-Request-ID` where it may stand in a log, else a new one."""
    told: str = request.META.get("HTTP_X_REQUEST_ID", "")
    can_stand = 0 < len(told) <= LONGEST_ID and told.isascii() and told.isprintable()
    return told if can_stand else str(uuid.uuid4())


def tell_who(*, org_id: str, caller: str) -> None:
    """From here on each log line of this request, and of the tasks that it queues, names organisation and caller."""
    bind_contextvars(org_id=org_id, caller=caller)
