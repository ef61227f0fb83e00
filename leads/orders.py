"""In which orders leads are listed, page by page: as the indexes of their current scores sort them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.joined import Joined, part
from common.pagination import Keyset
from leads.models import Dossier, LeadScore
from leads.tables.outcome import LeadScoreQuerySet

# Many leads may have one and the same score: then by the lead's key.
ORDERS = {name: Keyset(name, float, tie="dossier_id", rises=True) for name in ("probability", "expected_value")}


@dataclass(frozen=True)
class OpenAndDecided:
    """Scores of open and of decided leads as one list for `Keyset.page`: one statement a page.

    The indexes keep them apart, so that a list of open leads passes over no decided ones. Here the first of each are
    read, and of them the first.
    """

    open: LeadScoreQuerySet
    decided: LeadScoreQuerySet

    @classmethod
    def of(cls, scores: LeadScoreQuerySet) -> OpenAndDecided:
        """All of these scores."""
        return cls(scores.of_open_leads(), scores.of_decided_leads())

    def filter(self, **conditions: Any) -> OpenAndDecided:
        """Those that fit."""
        return OpenAndDecided(self.open.filter(**conditions), self.decided.filter(**conditions))

    def order_by(self, *order: str) -> OpenAndDecided:
        """The same in an order."""
        return OpenAndDecided(self.open.order_by(*order), self.decided.order_by(*order))

    def __getitem__(self, first: slice) -> Any:
        both = self.open[first].union(self.decided[first], all=True)
        return both.order_by(*self.open.query.order_by)[first]


LEADS = Joined(
    [part("d", Dossier, *(field.attname for field in Dossier._meta.concrete_fields))],
    "FROM dossier d WHERE d.id = ANY(%(keys)s)",
    {"keys": "bigint[]"},
)


def with_leads(scores: Sequence[LeadScore]) -> list[LeadScore]:
    """These scores, each with its lead; without those of leads that were forgotten meanwhile. One statement."""
    found = {lead.pk: lead for (lead,) in LEADS.rows({"keys": [score.dossier_id for score in scores]})}
    shown = [score for score in scores if score.dossier_id in found]
    for score in shown:
        score.dossier = found[score.dossier_id]
    return shown
