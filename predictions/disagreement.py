"""How often two methods would have people do different things: to be looked at before an experiment is started."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from common.tongue import gettext as _
from leads import snapshots
from leads.catalogue import Snapshots, columns_of
from leads.models import Dossier, Organisation
from models_registry import scorers
from predictions.actions import Thresholds
from predictions.quantities import percent
from predictions.scoring import moment_of

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
    """Of the 500 newest undecided leads, stored nowhere. Raises UnknownMethod."""
    org = Organisation.get(org_id)
    leads = list(Dossier.objects.of(org_id).open().order_by("-created_at", "-pk")[:MOST])
    if not leads:
        return Disagreement(0, 0, {})
    read = snapshots.take(org, [lead.pk for lead in leads], [moment_of(org, lead) for lead in leads])
    said = [_actions(org_id, method, read) for method in (control, treatment)]
    pairs = Counter(zip(*said, strict=True))
    return Disagreement(len(leads), sum(n for (old, new), n in pairs.items() if old != new), dict(pairs))


def _actions(org_id: str, method: str, read: Snapshots) -> list[str]:
    chosen = scorers.for_method(org_id, method)
    scores = chosen.scorer.score(columns_of(read, chosen.scorer.features), contributions=False)
    limits = Thresholds(**chosen.thresholds)
    pairs = zip(scores.probability.tolist(), scores.confidence.tolist(), strict=True)
    return [limits.action(probability, confidence) for probability, confidence in pairs]
