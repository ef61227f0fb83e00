"""Which method a lead gets: its arm's in a running experiment, which is a hash of the lead and never a draw of lots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.bucketing import Ranges, arm_at, place_of, ranges_of
from experiments.populations import IN_POPULATION
from leads.bulk import fetch
from leads.models import Dossier

DEFAULT_METHOD = "ML"
# One row an experiment that decides now. `eligible` null: every lead; else those that are undecided, and in the
# population if new leads are taken. A lead that is in stays in, whatever becomes of it.
DECIDING = f"""
SELECT e.id, e.name, e.salt, e.coverage, e.arms,
       ARRAY(SELECT x.dossier_id FROM ab_test_exposure x
             WHERE x.experiment_id = e.id AND x.dossier_id = ANY(%s)) AS enrolled,
       CASE WHEN e.status = 'RUNNING' THEN ARRAY(
             SELECT d.id FROM dossier d
             WHERE d.id = ANY(%s)
               AND NOT EXISTS (SELECT FROM lead_outcome o WHERE o.dossier_id = d.id AND o.superseded_at IS NULL)
               AND {IN_POPULATION.format(population="e.population")})
       ELSE '{{}}' END AS eligible
FROM ab_test_experiment e
WHERE e.org_id = %s AND e.status IN ('RUNNING', 'ENROLMENT_CLOSED')
ORDER BY e.id
"""


@dataclass(frozen=True)
class Assignment:
    """A lead's method, and the arm that it follows from; no arm outside an experiment.

    `methods` are those of all arms, in their order, where the lead is new in the experiment: each of them says then
    what it makes of the lead. Empty for a lead that is in already.
    """

    method: str
    experiment_id: int | None = None
    experiment_name: str = ""
    variant: str = ""
    arm: int = 0
    methods: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any] | None:
        """As a prediction shows it."""
        if self.experiment_id is None:
            return None
        return {"id": self.experiment_id, "name": self.experiment_name, "variant": self.variant}


OUTSIDE = Assignment(DEFAULT_METHOD)


@dataclass(frozen=True)
class Deciding:
    """A running experiment, and which of the leads at hand are in it or may come in."""

    id: int
    name: str
    salt: str
    arms: Sequence[dict[str, Any]]
    ranges: Ranges
    enrolled: frozenset[int]
    eligible: frozenset[int]

    def assignment_of(self, lead: Dossier) -> Assignment | None:
        """The lead's arm; None where it is not in the experiment."""
        is_in = lead.pk in self.enrolled
        number = (
            arm_at(place_of(self.salt, str(lead.number)), self.ranges) if is_in or lead.pk in self.eligible else None
        )
        if number is None:
            return None
        methods = () if is_in else tuple(arm["method"] for arm in self.arms)
        arm = self.arms[number]
        return Assignment(arm["method"], self.id, self.name, arm["name"], number, methods)


def assign(org_id: str, dossiers: Sequence[Dossier]) -> list[Assignment]:
    """Each lead's assignment, in their order, in one statement. The same lead is in the same arm each time."""
    deciding = _deciding(org_id, [dossier.pk for dossier in dossiers])
    if not deciding:
        return [OUTSIDE] * len(dossiers)
    return [_assignment(deciding, dossier) for dossier in dossiers]


def _assignment(deciding: Sequence[Deciding], dossier: Dossier) -> Assignment:
    # Populations do not overlap, but a lead may move from one to another: the one it is in already goes first.
    for each in sorted(deciding, key=lambda each: dossier.pk not in each.enrolled):
        if found := each.assignment_of(dossier):
            return found
    return OUTSIDE


def _deciding(org_id: str, keys: list[int]) -> list[Deciding]:
    return [_read(*row) for row in fetch(DECIDING, keys, keys, org_id)]


def _read(*row: Any) -> Deciding:
    number, name, salt, coverage, text, enrolled, eligible = row
    arms = json.loads(text)
    ranges = ranges_of([arm["share"] for arm in arms], coverage)
    return Deciding(number, name, salt, arms, ranges, frozenset(enrolled), frozenset(eligible))
