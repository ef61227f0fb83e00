"""Every address of the project, as its URL configuration tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import URLResolver, get_resolver

STANDARD = {
    "": "view",
    "add/": "add",
    "<path:object_id>/history/": "view",
    "<path:object_id>/delete/": "delete",
    "<path:object_id>/change/": "view",
    "<path:object_id>/": "view",
}
"""What Django's admin has for each table, and the right that each needs (a form is shown to who may view it)."""


def routes() -> list[str]:
    """The routes, with their converters as they are written."""
    return [_plain(route) for route in _walk(get_resolver().url_patterns)]


def tables() -> list[str]:
    """The tables that stand in the admin, as `app.model`."""
    return sorted(model._meta.label_lower for model in admin.site._registry)


def of_a_table(label: str) -> dict[str, str]:
    """The standard routes of a table in the admin, and the right that each needs."""
    return {f"admin/{label.replace('.', '/')}/{end}": right for end, right in STANDARD.items()}


def filled(route: str, values: dict[str, Any]) -> str:
    """The route as a path, with a value for each of its places."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found.group(1)]), route)


def _walk(patterns: Any, before: str = "") -> Iterator[str]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, route)
        else:
            yield route


def _plain(route: str) -> str:
    """Regular expressions (of Django's admin) as if they were written with converters."""
    return re.sub(r"\^?\(\?P<(\w+)>.*?\)\/?\$", lambda found: f"<{found.group(1)}>", route).replace(
        "<app_label>", "<app_label>/"
    )
