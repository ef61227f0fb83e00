"""Two methods asked about the same open leads, without storing anything: what a change would do, before it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.exposures import Recommendation
from leads import snapshots
from leads.catalogue import Snapshots, columns_of
from leads.features import Columns
from leads.models import Dossier, Organisation
from models_registry import scorers
from models_registry.artefacts import UnknownFeatures
from predictions.actions import Thresholds
from predictions.terms import moment_of


class Unreadable(LookupError):
    """The version of a method reads a feature that this installation does not know."""


@dataclass(frozen=True)
class Asked:
    """One lead, and what both methods say of it."""

    lead: Dossier
    before: Recommendation
    after: Recommendation

    @property
    def moved(self) -> float:
        """By how much the probability would change."""
        return self.after.probability - self.before.probability

    @property
    def changes_action(self) -> bool:
        """Whether something else would be recommended."""
        return self.before.action != self.after.action


def side_by_side(*, org_id: str, before: str, after: str, most: int) -> list[Asked]:
    """The `most` newest undecided leads at most, newest first. Raises UnknownMethod, DamagedArtefact, Unreadable."""
    methods = {method: _chosen(org_id, method) for method in (before, after)}
    org = Organisation.get(org_id)
    leads = list(Dossier.objects.of(org_id).open().order_by("-created_at", "-pk")[:most])
    if not leads:
        return []
    read = snapshots.take(org, [lead.pk for lead in leads], [moment_of(org, lead) for lead in leads])
    said = [_say(methods[method], read) for method in (before, after)]
    return [Asked(*each) for each in zip(leads, *said, strict=True)]


def pairs_of(asked: Sequence[Asked]) -> dict[tuple[str, str], int]:
    """How many leads have each pair of recommended actions, (before, after)."""
    return dict(Counter((each.before.action, each.after.action) for each in asked))


def _chosen(org_id: str, method: str) -> scorers.Chosen:
    try:
        return scorers.for_method(org_id, method)
    except UnknownFeatures as error:
        raise Unreadable(method) from error


def _say(chosen: scorers.Chosen, read: Snapshots) -> list[Recommendation]:
    return said_by(chosen, columns_of(read, chosen.scorer.features))


def said_by(chosen: scorers.Chosen, columns: Columns) -> list[Recommendation]:
    """What a method's scorer, of whose features these are the columns, says of each of n leads."""
    scores = chosen.scorer.score(columns, contributions=False)
    actions = Thresholds(**chosen.thresholds).actions(scores)
    return [Recommendation(*each) for each in zip(scores.probability.tolist(), actions, strict=True)]
