"""In which orders leads are listed, page by page: as the indexes of their current scores sort them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from common.pagination import Keyset
from leads.tables.outcome import LeadScoreQuerySet

# Many leads may have one and the same score: then by the lead's key.
ORDERS = {name: Keyset(name, float, tie="dossier_id", rises=True) for name in ("probability", "expected_value")}


@dataclass(frozen=True)
class OpenAndDecided:
    """Scores of open and of decided leads as one list for `Keyset.page`: one statement for each part of a page.

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
