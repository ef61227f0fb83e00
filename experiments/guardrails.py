"""What must not fall while conversions rise: revenue a lead, and how soon a lead is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from experiments.models import Experiment
from experiments.standing import Standing
from experiments.statistics.estimates import Estimate
from experiments.statistics.guarding import Measured, change_of
from experiments.statistics.means import Sums
from leads.bulk import fetch

REVENUE, RESPONSE = "revenue_per_lead", "first_response"
PATIENCE = timedelta(days=3)
"""A lead not answered by then counts as answered then; only leads that came in longer ago are looked at."""
MOST = 20_000
ANSWERS = """
SELECT x.variant, x.said, count(*), count(answered), COALESCE(sum(minutes), 0), COALESCE(sum(minutes * minutes), 0)
FROM (
    SELECT newest.variant, newest.said, answered,
           LEAST(COALESCE(date_part('epoch', answered - newest.first_at) / 60, 'infinity'), %s)::float8 AS minutes
    FROM (SELECT dossier_id, variant, first_at,
                 actions[array_position(%s::text[], variant::text)] AS said
          FROM ab_test_exposure WHERE experiment_id = %s AND first_at <= %s
          ORDER BY first_at DESC LIMIT %s) AS newest
    CROSS JOIN LATERAL (
        SELECT min(m.created_at) AS answered FROM message_entity m
        WHERE m.dossier_id = newest.dossier_id AND m.direction = 'OUTBOUND' AND m.created_at >= newest.first_at) AS m
) AS x GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Answered:
    """How soon the leads of an arm, given one recommendation, were answered: minutes to the first message, capped."""

    variant: str
    action: str | None
    leads: int
    answered: int
    minutes: Sums


def answers(experiment: Experiment, at: datetime) -> list[Answered]:
    """Of the newest 20,000 leads that came in at least three days ago, in one statement."""
    cap = PATIENCE / timedelta(minutes=1)
    rows = fetch(ANSWERS, cap, list(experiment.variants), experiment.pk, at - PATIENCE, MOST)
    return [
        Answered(name, said, n, answered, Sums(n, total, squares)) for name, said, n, answered, total, squares in rows
    ]


def speed(found: Sequence[Answered], variant: str) -> tuple[Sums, int]:
    """An arm's minutes in all, and how many of its leads were answered."""
    rows = [each for each in found if each.variant == variant]
    minutes = Sums(
        sum(each.leads for each in rows),
        sum(each.minutes.total for each in rows),
        sum(each.minutes.squares for each in rows),
    )
    return minutes, sum(each.answered for each in rows)


@dataclass(frozen=True)
class Guardrail:
    """By how much of control's a measure has changed in a treatment, with an interval that holds at every look.

    It is breached where it is beyond doubt worse than the margin allows.
    """

    name: str
    variant: str
    change: Estimate
    margin: float
    breached: bool


def guardrails(
    arms: Sequence[Standing], found: Sequence[Answered], margins: Mapping[str, float], planned: int | None
) -> list[Guardrail]:
    """Both measures of every treatment."""
    made = []
    base_speed = Measured(*speed(found, arms[0].variant))
    for arm in arms[1:]:
        change = change_of(Measured(arms[0].revenue, arms[0].paid), Measured(arm.revenue, arm.paid), planned)
        fallen = change.high is not None and change.high < -margins["revenue_margin"]
        made.append(Guardrail(REVENUE, arm.variant, change, margins["revenue_margin"], fallen))
        change = change_of(base_speed, Measured(*speed(found, arm.variant)), planned)
        slower = change.low is not None and change.low > margins["response_margin"]
        made.append(Guardrail(RESPONSE, arm.variant, change, margins["response_margin"], slower))
    return made
