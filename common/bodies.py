"""How much may be sent: more is refused by its announced length, before anything of it is read or kept.

Django counts what it holds in memory, and not the files of a form, which it writes to the disk; and it reads a form
before a page has asked who sends it (the CSRF token may stand in it). A body that announces no length is empty to
Django; the doors of the API read it themselves, bounded likewise (`common.pieces`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.answers import DEPENDENCY_ERRORS, too_large, unavailable
from common.errors import Unavailable

FORM_BYTES = 1 << 20
"""What a form may add around its file."""
Door = TypeVar("Door", bound=Callable[..., Any])


def takes_files(door: Door) -> Door:
    """Marks a class of views of the API to which a file of up to IMPORT_MAX_BYTES may be sent.

    Such a view asks who sends a form, and what they may do, before it reads it.
    """
    door.takes_files = True  # type: ignore[attr-defined]
    return door


def takes_files_of(permission: str) -> Callable[[Door], Door]:
    """Marks a page likewise. Its form is read for the CSRF token before it is asked, so who may send is asked here."""

    def mark(door: Door) -> Door:
        door.takes_files_of = permission  # type: ignore[attr-defined]
        return door

    return mark


class BoundedBodies:
    """Answers 413 to what is too large. Stands before the middleware that reads forms."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """The refusal; None for what may be read. 503 where nobody can say now who sends a file."""
        length = _announced(request)
        if not length:
            return None
        try:
            most = _most(request, view)
        except DEPENDENCY_ERRORS:
            return unavailable(request, Unavailable())
        return too_large(request, most) if length > most else None


def _announced(request: HttpRequest) -> int:
    """The body's length; 0 for none, and for what Django takes for none."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _most(request: HttpRequest, view: Any) -> int:
    permission = getattr(view, "takes_files_of", None)
    is_of_the_api = getattr(getattr(view, "cls", None), "takes_files", False)
    if is_of_the_api or (permission is not None and request.user.has_perm(permission)):
        return int(settings.IMPORT_MAX_BYTES) + FORM_BYTES
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
