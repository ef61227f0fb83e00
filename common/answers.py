"""The one error shape of the contract, for everything under /api/ and for what dependencies do to us."""

from __future__ import annotations

import errno
import functools
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import Error
from kombu.exceptions import OperationalError as BrokerError
from psycopg2.errors import ForeignKeyViolation
from redis.exceptions import ConnectionError as CacheConnectionError
from redis.exceptions import TimeoutError as CacheTimeoutError
from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken

from common.errors import RETRY_AFTER_SECONDS, Conflict, TooLarge, Unavailable
from common.programs import wants_json

# A dependency that is away: its errors mean "later", not "broken".
DEPENDENCY_ERRORS = (OperationalError, InterfaceError, BrokerError, CacheConnectionError, CacheTimeoutError)
# A disk, a quota or a file that has no room for what was sent.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ANOTHER = "Get another at /api/auth/token/, or have a program's token issued anew."
log = structlog.get_logger(__name__)


def means_later(error: Exception) -> bool:
    """Whether an error says that something we depend on is away or full, and not that somebody made a mistake."""
    return isinstance(error, DEPENDENCY_ERRORS) or (isinstance(error, OSError) and error.errno in FULL)


def _tell_of(error: Exception) -> None:
    log.error("dependency_away", error=type(error.__cause__ or error).__name__, said=str(error))


class ContractExceptionFormatter(ExceptionFormatter):
    """The contract's shape of errors, in which `attr` is always a text or null: also where it is a place in a list."""

    def get_errors(self) -> list[Error]:
        """The errors, whose attr is a text or null; one alone where a caller is not known, with what to do."""
        if isinstance(self.exc, AuthenticationFailed):
            told: Any = self.exc.detail
            words = f"{str(told['detail']).rstrip('.')}."
            advice = f" {ANOTHER}" if isinstance(self.exc, InvalidToken) else ""
            return [Error(str(told["code"]), words + advice, None)]
        if isinstance(self.exc.detail, dict):  # of a list by place: the first, 0, would be taken for none
            self.exc.detail = {str(name): told for name, told in self.exc.detail.items()}
        errors: list[Error] = super().get_errors()
        return errors


class ContractExceptionHandler(ExceptionHandler):
    """Turns what dependencies and Django raise into errors of the contract."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """The contract's exception for it, or itself."""
        if means_later(exc) or isinstance(exc, Unavailable):
            _tell_of(exc)
            return exc if isinstance(exc, Unavailable) else Unavailable()
        if isinstance(exc.__cause__, ForeignKeyViolation):
            log.warning("gone_meanwhile", error=str(exc))
            return Conflict("Something that this is about was deleted at the same time. Ask again to see what is left.")
        if isinstance(exc, RequestDataTooBig):
            return TooLarge()
        if isinstance(exc, UnsupportedMediaType):
            return UnsupportedMediaType("", self._wrong_type())
        return super().convert_known_exceptions(exc)

    def report_exception(self, exc: APIException, response: Response) -> None:
        """Logs an error that nobody expected, with its traceback, as 500.

        A dependency that is away has been logged already when its error was converted; its request is one line, 503.
        """
        if not isinstance(exc, Unavailable):
            super().report_exception(exc, response)

    def _wrong_type(self) -> str:
        request, view = self.context["request"], self.context["view"]
        told, taken = request and request.content_type, " or ".join(each.media_type for each in view.parser_classes)
        return f'The Content-Type says "{told}"; this address takes {taken}: send the body so, and say so.'


def error_answer(kind: str, code: str, detail: str, status_code: int) -> JsonResponse:
    """The contract's shape, outside Django REST framework."""
    return JsonResponse({"type": kind, "errors": [{"code": code, "detail": detail, "attr": None}]}, status=status_code)


def only_read(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Makes a view outside Django REST framework read-only: other methods are 405 in the contract's shape.

    CSRF is not checked: nothing is ever written here, and a caller who posts must be told 405 and not 403.
    """

    @csrf_exempt
    @functools.wraps(view)
    def door(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        answer = error_answer("client_error", "method_not_allowed", f'Method "{request.method}" not allowed.', 405)
        answer["Allow"] = "GET, HEAD"
        return answer

    return door


class ServiceUnavailableMiddleware:
    """Answers 503 with Retry-After where a dependency is away, or a model's artefact is, and no view has said so."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on."""
        return self.get_response(request)  # type: ignore[no-any-return]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer to a dependency's error, or to one that says so by itself; None leaves other errors to Django."""
        if isinstance(exception, Unavailable):
            return unavailable(request, exception)
        if not means_later(exception):
            return None
        _tell_of(exception)
        return unavailable(request, Unavailable())


def unavailable(request: HttpRequest, error: Unavailable) -> HttpResponse:
    """503, as a page for people and as JSON for programs."""
    if wants_json(request):
        response: HttpResponse = error_answer("server_error", str(error.get_codes()), str(error.detail), 503)
    else:
        is_plain = type(error) is Unavailable
        response = render(request, "503.html", {"problem": "" if is_plain else _(str(error.detail))}, status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 for addresses that do not exist."""
    if wants_json(request):
        return error_answer("client_error", "not_found", "Nothing stands at this address.", 404)
    return render(request, "404.html", status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for what Django itself refuses to read."""
    if isinstance(exception, RequestDataTooBig):
        return too_large(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    if wants_json(request):
        return error_answer("client_error", "invalid", "The request cannot be read.", 400)
    return render(request, "400.html", status=400)


def too_large(request: HttpRequest, most: int) -> HttpResponse:
    """413 for a body of more than so many bytes."""
    if wants_json(request):
        return error_answer("client_error", "too_large", f"At most {most:,} bytes can be sent here at once.", 413)
    return render(request, "413.html", {"megabytes": most // 1024**2}, status=413)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: ours to mend; nothing of the inside is shown."""
    if wants_json(request):
        return error_answer("server_error", "error", "Something went wrong on our side; it has been logged.", 500)
    return render(request, "500.html", status=500)
