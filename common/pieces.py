"""Bodies that come in pieces, their length unannounced (`Transfer-Encoding: chunked`): read as any other."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.views import APIView

from common.errors import Encoded, TooLarge

STEP_BYTES = 1 << 16
PLAIN = "identity"
IN_MEMORY_BYTES = 1 << 20
"""What is longer is kept in a file until the request has been answered."""


class TakesPieces(APIView):
    """A door that reads a body in pieces once the caller is let in: for Django, without a length there is no body."""

    @property
    def most_bytes(self) -> int:
        """How long a body may be that comes so."""
        return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)

    def check_permissions(self, request: Request) -> None:
        """Whether the caller may come in. Raises what `gather` does, and Encoded (415) for a packed body."""
        super().check_permissions(request)
        if request.META.get("HTTP_CONTENT_ENCODING", PLAIN).lower() != PLAIN:
            raise Encoded()
        if "HTTP_TRANSFER_ENCODING" in request.META:
            gather(request._request, most=self.most_bytes)


def gather(request: HttpRequest, *, most: int) -> None:
    """Reads the body, so that it has a length. Raises TooLarge (413), and ParseError (400) where it cannot be read."""
    if not request.META.get("wsgi.input_terminated"):  # its end would be waited for
        raise ParseError("This server does not read bodies in pieces: send a Content-Length.")
    length, body = 0, SpooledTemporaryFile[bytes](IN_MEMORY_BYTES)
    while piece := _next(request.META["wsgi.input"]):
        length += len(piece)
        if length > most:
            body.close()
            raise TooLarge()
        body.write(piece)
    body.seek(0)
    request.META["CONTENT_LENGTH"] = str(length)
    request._stream = body  # type: ignore[assignment]


def _next(source: Any) -> bytes:
    try:
        return bytes(source.read(STEP_BYTES))
    except Exception as error:  # of whatever kind the server has for it
        raise ParseError("The body broke off, or its pieces are not marked as HTTP asks.") from error
