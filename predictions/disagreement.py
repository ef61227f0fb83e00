"""How often two methods recommend different actions: to be looked at before an experiment is started."""

from __future__ import annotations

from dataclasses import dataclass

from common.language import gettext as _
from predictions.quantities import percent
from predictions.side_by_side import pairs_of, side_by_side

MOST = 500


@dataclass(frozen=True)
class Disagreement:
    """Of the newest undecided leads, how many both methods were asked about, and what they would recommend."""

    leads: int
    differ: int
    pairs: dict[tuple[str, str], int]

    @property
    def share(self) -> float | None:
        """The share that differs; None without leads."""
        return self.differ / self.leads if self.leads else None

    @property
    def words(self) -> str:
        """What follows."""
        if not self.leads:
            return _("There are no undecided leads to tell by.")
        if not self.differ:
            return _("Nothing differs: both recommend the same for every lead, so an experiment cannot show anything.")
        said = percent(self.differ / self.leads)
        return _("Both recommend different actions for %s of the leads; on the others nothing can differ.") % said


def disagreement(*, org_id: str, control: str, treatment: str) -> Disagreement:
    """Of the 500 newest undecided leads, stored nowhere.

    Raises UnknownMethod, DamagedArtefact, Unreadable.
    """
    asked = side_by_side(org_id=org_id, before=control, after=treatment, most=MOST)
    return Disagreement(len(asked), sum(each.changes_action for each in asked), pairs_of(asked))
