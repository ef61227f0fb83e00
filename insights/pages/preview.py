"""What making another version active would do to the leads that are open, asked before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from insights import words
from leads.models import Organisation
from models_registry.scorers import ML, PINNED
from predictions.side_by_side import Asked, pairs_of, side_by_side

MOST_ASKED, MOST_SHOWN = 1_000, 10


@dataclass(frozen=True)
class Moved:
    """One lead whose probability would change: what was recommended, and what would be."""

    asked: Asked
    before: words.Action
    after: words.Action


@dataclass(frozen=True)
class Preview:
    """Of so many open leads: how many change their action, from what to what, and which move the most."""

    leads: int
    is_all: bool
    changed: int
    pairs: list[tuple[words.Action, words.Action, int]]
    most: list[Moved]

    @property
    def share(self) -> float | None:
        """The share that changes its action; None without leads."""
        return self.changed / self.leads if self.leads else None


def preview(org: Organisation, version: str) -> Preview:
    """The newest open leads scored by what scores now and by that version; nothing is stored.

    Raises UnknownMethod where the version is not kept, DamagedArtefact, and Unreadable.
    """
    asked = side_by_side(org_id=org.org_id, before=ML, after=f"{PINNED}{version}", most=MOST_ASKED)
    changed = [each for each in asked if each.changes_action]
    pairs = sorted(pairs_of(changed).items(), key=lambda pair: -pair[1])
    moved = sorted(asked, key=lambda each: (not each.changes_action, -abs(each.moved)))
    return Preview(
        leads=len(asked),
        is_all=len(asked) < MOST_ASKED,
        changed=len(changed),
        pairs=[(words.action_of(old), words.action_of(new), leads) for (old, new), leads in pairs],
        most=[_moved(each) for each in moved[:MOST_SHOWN] if round(each.moved, 3)],
    )


def _moved(asked: Asked) -> Moved:
    return Moved(
        asked,
        words.action_of(asked.before.action, asked.before.probability),
        words.action_of(asked.after.action, asked.after.probability),
    )
