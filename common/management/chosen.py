"""Of which organisations a command is to tell."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.management.base import CommandError


def chosen(org_id: str | None, organisations: Sequence[str]) -> Sequence[str]:
    """That one, or all of them. Raises CommandError where it is none of them: nothing was looked at then."""
    if org_id is None:
        return organisations
    if org_id not in organisations:
        raise CommandError(f'Nothing is kept of "{org_id}". There is: {", ".join(organisations) or "none"}.')
    return [org_id]
