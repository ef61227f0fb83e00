"""Environment variables for the settings: an impossible value is refused by the variable's name, in every process."""

from __future__ import annotations

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """django-environ's, with bounds: LEAD_KEEP_DAYS=-1 would forget every lead there is."""

    def whole(self, name: str, default: int, least: int = 0) -> int:
        """A whole number. Raises ImproperlyConfigured where it is none, or less than `least`."""
        text = str(self.str(name, default=str(default)))
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise ImproperlyConfigured(f"{name} must be a whole number from {least} on, not {text!r}.")
        return number

    def list(self, name: str, **options: Any) -> Any:
        """The words between commas, without the spaces around them."""
        return [each.strip() if isinstance(each, str) else each for each in super().list(name, **options)]

    def one_of(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """One of the choices. Raises ImproperlyConfigured for any other word."""
        word = str(self.str(name, default=default))
        if word not in choices:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {word!r}.")
        return word
