"""The base of every door of the API."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.scopes import Caller, caller_of
from common.serializers import StrictSerializer
from common.throttling import RequestLimit, TokenLimit, wait_of


class Nothing(StrictSerializer):
    """A body without anything."""


class ContractView(APIView):
    """A door: it parses, calls one act, and answers. `required_scope` is one scope, or one a method."""

    required_scope: ClassVar[str | dict[str, str] | None] = None
    throttle_classes = [RequestLimit]

    @property
    def caller(self) -> Caller:
        """Who is asking."""
        return caller_of(self.request)

    @property
    def body(self) -> Any:
        """What was sent; an empty object where nothing was."""
        return self.request.data if self.request.META.get("CONTENT_LENGTH") not in (None, "", "0") else {}

    def take_no_body(self) -> None:
        """For doors that ask for none. Raises ValidationError for any field, as other doors do for unknown ones."""
        if self.body not in ({}, None):
            Nothing(data=self.body).is_valid(raise_exception=True)

    def check_throttles(self, request: Request) -> None:
        """Counts the request against all of the door's limits at once. Raises Throttled (429)."""
        wait = wait_of([each for each in self.get_throttles() if isinstance(each, TokenLimit)], request, self)
        if wait is not None:
            self.throttled(request, wait)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Adds what is left of the caller's limit."""
        response = super().finalize_response(request, response, *args, **kwargs)
        limit = getattr(request, "rate_limit", None)
        if limit:
            response["RateLimit-Limit"], response["RateLimit-Remaining"], response["RateLimit-Reset"] = map(str, limit)
        return response  # type: ignore[no-any-return]
