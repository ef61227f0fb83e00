"""In which language a request is answered: people's pages in theirs, programs and the admin always in English."""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from common.programs import wants_json

ENGLISH = "en"


class PeoplesLanguageMiddleware(LocaleMiddleware):
    """By the language chosen on a page, else by what the browser prefers."""

    def process_request(self, request: HttpRequest) -> None:
        """Activates the language."""
        if wants_json(request) or request.path.startswith("/admin/"):
            translation.activate(ENGLISH)
            request.LANGUAGE_CODE = ENGLISH
        else:
            super().process_request(request)
