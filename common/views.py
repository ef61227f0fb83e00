"""The base of every door of the API."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from common import service_tokens
from common.answers import DEPENDENCY_ERRORS
from common.auth import BrowserSession, TokenAuthentication
from common.idempotency import KEY_HEADER
from common.pieces import TakesPieces
from common.scopes import Caller, caller_of, ensure_own_org
from common.serializers import StrictSerializer
from common.throttling import RequestLimit, TokenLimit, wait_of


class Nothing(StrictSerializer):
    """A body without anything."""


class ContractView(TakesPieces):
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

    @property
    def query(self) -> dict[str, str]:
        """What is asked for in the address. Raises PermissionDenied (403) as a body does that names another's."""
        found: dict[str, str] = self.request.query_params.dict()
        ensure_own_org(self.request, found.get("org_id"))
        return found

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


class LookingUpLater(ContractView):
    """A door that leaves looking up the caller's token to its first statement (`service_tokens.LISTED`).

    That saves a statement a request. Nothing is answered or stored before it. Where it is not sent, the token is looked
    up by itself: before a stored answer is repeated for an `Idempotency-Key`, and before an error tells anything of
    what was asked for.
    """

    def get_authenticators(self) -> list[BaseAuthentication]:
        """As every door's, but without looking the token up."""
        return [TokenAuthentication(looks_up=False), BrowserSession()]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticates and authorises. Raises InvalidToken (401) before a revoked token could get a stored answer."""
        super().initial(request, *args, **kwargs)
        if KEY_HEADER in request.META:
            self._look_up()

    def handle_exception(self, exc: Exception) -> Response:
        """Answers an error; a caller with a revoked token hears only that the token is revoked.

        The token is not looked up where a dependency is away: that may be told to anybody, and another statement would
        have to wait for the same database.
        """
        if not isinstance(exc, (AuthenticationFailed, *DEPENDENCY_ERRORS)):
            try:
                self._look_up()
            except AuthenticationFailed as refusal:
                exc = refusal
            except DEPENDENCY_ERRORS:
                pass  # what was wrong before is told
        return super().handle_exception(exc)

    def _look_up(self) -> None:
        token = getattr(self.request.user, "token", None)
        if token is not None:
            service_tokens.ensure_not_revoked(token)
