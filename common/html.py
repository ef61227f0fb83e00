"""Small pieces of HTML that the admins of several rooms show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> SafeString:
    """A table of escaped cells, which scrolls within itself where it is wider than the page."""
    head = list(head)
    cells = ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows)
    return format_html(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}">'
        '<table class="plain"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        ", ".join(name for name in head if name),
        format_html_join("", '<th scope="col">{}</th>', ((name,) for name in head)),
        format_html_join("", "<tr>{}</tr>", cells),
    )


def flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested plain data as (name, value) lines: {"a": {"b": 0.5}} is ("a: b", "0.5"). Numbers have six digits."""
    for name, value in sorted(data.items()):
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{label}: ")
        elif isinstance(value, float):
            yield label, f"{value:.6g}"
        else:
            yield label, "–" if value is None else value
