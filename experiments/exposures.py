"""Writing down who was in an experiment, in the transaction of the predictions themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from experiments.assignment import Assignment
from leads import bulk
from leads.models import Dossier

# A lead that is in already keeps its row; its predictions are counted up.
EXPOSE = """
INSERT INTO ab_test_exposure AS known (
    org_id, experiment_id, dossier_id, variant, first_at, predictions, source, owner, probabilities, actions)
SELECT lead.org_id, told.experiment_id, lead.id, told.variant, told.first_at, 1, lead.source, lead.owner,
       told.probabilities::float8[], told.actions::varchar[]
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::text[])
    WITH ORDINALITY AS told (experiment_id, dossier_id, variant, first_at, probabilities, actions, position)
JOIN dossier lead ON lead.id = told.dossier_id
ORDER BY told.position
ON CONFLICT (experiment_id, dossier_id) DO UPDATE SET predictions = known.predictions + 1
"""


@dataclass(frozen=True)
class Recommendation:
    """What a method says of a lead: its probability, and the action that follows from it."""

    probability: float
    action: str


@dataclass(frozen=True)
class Seen:
    """A lead scored in an experiment: its assignment, when, and what every arm's method said (empty: not asked)."""

    dossier: Dossier
    assignment: Assignment
    at: datetime
    said: Sequence[Recommendation] = ()


def record(seen: Sequence[Seen]) -> int:
    """Writes a row for each lead new in its experiment, and counts the others' predictions; how many rows.

    One statement, in the caller's transaction; in the order of the leads' keys, so that two of it cannot lock each
    other out.
    """
    in_order = sorted(seen, key=lambda each: (each.assignment.experiment_id or 0, each.dossier.pk))
    return bulk.execute(EXPOSE, [_row(each) for each in in_order])


def _row(seen: Seen) -> tuple[int | str | datetime | None, ...]:
    return (
        seen.assignment.experiment_id,
        seen.dossier.pk,
        seen.assignment.variant,
        seen.at,
        bulk.literal([each.probability for each in seen.said]) if seen.said else None,
        bulk.literal([each.action for each in seen.said]) if seen.said else None,
    )
