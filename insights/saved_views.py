"""Keeping a view of Today by a name, and forgetting it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from insights.models import NAME_LENGTH, QUERY_LENGTH, SavedView
from insights.wanted import Wanted

MOST = 30


class TooMany(ValueError):
    """A person keeps 30 views at most: more are no help."""


class Nothing(ValueError):
    """A view needs a name, and something that it asks for."""


def query_of(wanted: Wanted) -> str:
    """What is kept of a view: all but the words that were searched for."""
    return replace(wanted, search="").query()


def save_view(*, org_id: str, user: Any, name: str, wanted: Wanted) -> SavedView:
    """The view by that name; one of the same name is replaced. Raises Nothing, TooMany."""
    name, query = " ".join(name.replace("\x00", "").split())[:NAME_LENGTH], query_of(wanted)
    if not name or not query or len(query) > QUERY_LENGTH:
        raise Nothing(name)
    mine = SavedView.objects.of_person(org_id, user)
    if mine.exclude(name=name).count() >= MOST:
        raise TooMany(name)
    kept, _ = SavedView.objects.update_or_create(org_id=org_id, user_id=user.pk, name=name, defaults={"query": query})
    return kept
