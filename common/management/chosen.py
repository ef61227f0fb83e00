"""Which organisations a command reports on."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.management.base import CommandError


def chosen(org_id: str | None, organisations: Sequence[str]) -> Sequence[str]:
    """The one that was named, or all. Raises CommandError where the named one is not among them."""
    if org_id is None:
        return organisations
    if org_id not in organisations:
        raise CommandError(f'Nothing is kept of "{org_id}". There is: {", ".join(organisations) or "none"}.')
    return [org_id]
