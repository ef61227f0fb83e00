"""The parts of a difference between two scores: how they add up, and their names. Pure: no Django."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from common.language import gettext as _
from common.language import gettext_noop
from leads.features import Kind
from predictions.quantities import percent, points
from predictions.reasons import moved

TIME, DATA, VERSION, RECALIBRATION = PARTS = ("passage_of_time", "lead_data", "model_version", "recalibration")
"""The parts, in the order in which they are told apart."""
NAMES = {
    TIME: gettext_noop("the passage of time"),
    DATA: gettext_noop("the lead's data"),
    VERSION: gettext_noop("the model version"),
    RECALIBRATION: gettext_noop("recalibration"),
}
FOLLOWING = ("engagement_rate", "days_since_last_event")
MOST_FEATURES = 3
UNMOVED = 0.0005
"""Less than a twentieth of a point is said to be no difference."""


@dataclass(frozen=True)
class FeatureMove:
    """A feature whose value changed, and by how much its part of the probability did."""

    feature: str
    before: Any
    after: Any
    difference: float
    words: str


@dataclass(frozen=True)
class Part:
    """One part of the difference. Those in `joined_with` could not be told apart from it."""

    part: str
    difference: float
    words: str
    joined_with: tuple[str, ...] = ()
    features: tuple[FeatureMove, ...] = ()

    @property
    def name(self) -> str:
        """What a person calls it: "the lead's data"."""
        return listed([_(NAMES[part]) for part in (self.part, *self.joined_with)])

    def to_json(self) -> dict[str, Any]:
        """As an answer shows it."""
        return asdict(self)


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return _(" and ").join(filter(None, [", ".join(names[:-1]), names[-1]]))


def telescoped(start: float, reached: Iterable[tuple[str, float | None]]) -> Iterator[tuple[tuple[str, ...], float]]:
    """The steps from `start` through each part's end to the last one, as (parts, difference).

    Where an end is not known, the part is joined with the next, up to a known end; the last must be known. The
    differences add up to last - start.
    """
    waiting: tuple[str, ...] = ()
    for part, end in reached:
        waiting += (part,)
        if end is not None:
            yield waiting, end - start
            start, waiting = end, ()


def moves_between(
    before: Mapping[str, Any], after: Mapping[str, Any], parts: Mapping[str, float], kinds: Mapping[str, Kind]
) -> tuple[FeatureMove, ...]:
    """The features whose values differ, by how much their part of the probability (`parts`) did, largest first."""
    changed = sorted((name for name in parts if before[name] != after[name]), key=lambda name: -abs(parts[name]))
    return tuple(
        FeatureMove(
            name, before[name], after[name], parts[name], moved(name, before[name], after[name], kinds.get(name))
        )
        for name in changed
    )


def strongest(moves: Sequence[FeatureMove]) -> tuple[FeatureMove, ...]:
    """The few that move the probability most; none that does not move it."""
    return tuple(move for move in moves[:MOST_FEATURES] if move.difference)


def told(moves: Sequence[FeatureMove]) -> str:
    """The strongest moves in words; what only follows from others is left out where there are any."""
    facts = [move for move in moves if not _follows(move.feature)] or moves
    return "; ".join(move.words for move in facts[:MOST_FEATURES])


def _follows(name: str) -> bool:
    return name in FOLLOWING or (name.endswith("last_7_days") and not name.startswith("attributes."))


def effect(difference: float) -> str:
    """ "up by 5 points", "down by 2 points", "no difference"."""
    if abs(difference) < UNMOVED:
        return _("no difference")
    return (_("up by %s") if difference > 0 else _("down by %s")) % points(difference)


def summary(start: float, end: float, parts: Sequence[Part]) -> str:
    """The whole difference in a sentence, with what moved it most."""
    difference = end - start
    if abs(difference) < UNMOVED:
        return _("Still %s.") % percent(end)
    main = max(parts, key=lambda part: part.difference if difference > 0 else -part.difference).words
    told = {"start": percent(start), "end": percent(end), "effect": effect(difference)}
    moved_to = _("From %(start)s to %(end)s, %(effect)s.") % told
    mostly = _("Mostly: %s.") % (main[:1].lower() + main[1:])
    return f"{moved_to} {mostly}"
