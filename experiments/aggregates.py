"""What the database counts of an experiment: a handful of numbers, whether a hundred leads were in it or a million."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from experiments.models import Experiment
from leads.bulk import fetch

Actions = tuple[str, ...]
# How many whole days ago a lead came in.
AGE = "GREATEST(floor(extract(epoch FROM %s - x.first_at) / 86400), 0)::int"
EXPOSED = f"""
SELECT x.variant, {AGE} AS age, x.actions, count(*), sum(x.predictions), count(x.probabilities[1]),
       COALESCE(sum(x.probabilities[1]), 0), COALESCE(sum(x.probabilities[1] * x.probabilities[1]), 0)
FROM ab_test_exposure x WHERE x.experiment_id = %s GROUP BY 1, 2, 3
"""
# Many CRMs date a sale by the day: what became known after the exposure and is dated up to a day before it, counts as
# having come with it.
CONVERTED = """
x.experiment_id = %s AND o.superseded_at IS NULL AND o.converted AND o.occurred_at <= x.first_at + %s
AND (o.occurred_at >= x.first_at OR (o.recorded_at >= x.first_at AND o.occurred_at >= x.first_at - interval '1 day'))
"""
SOLD = f"""
WITH sold AS MATERIALIZED (
    SELECT x.variant, {AGE} AS age, x.first_at <= %s AS matured, x.actions, o.revenue::float8 AS revenue,
           LEAST(GREATEST(floor(extract(epoch FROM o.occurred_at - x.first_at) / 86400), 0), %s)::int AS day,
           x.probabilities[1] AS probability
    FROM ab_test_exposure x JOIN lead_outcome o ON o.dossier_id = x.dossier_id WHERE {CONVERTED}),
cap AS (SELECT percentile_disc(%s) WITHIN GROUP (ORDER BY revenue) AS most FROM sold WHERE revenue > 0)
SELECT variant, age, day, matured, actions, count(*), count(revenue), max(most),
       COALESCE(sum(LEAST(revenue, most)), 0), COALESCE(sum(LEAST(revenue, most) ^ 2), 0),
       count(probability), COALESCE(sum(probability), 0)
FROM sold CROSS JOIN cap GROUP BY GROUPING SETS ((variant, age, day), (variant, matured, actions))
"""
STRATA = """
SELECT x.variant, x.source, x.owner, grouping(x.source) = 0, count(*)
FROM ab_test_exposure x WHERE x.experiment_id = %s
GROUP BY GROUPING SETS ((x.variant, x.source), (x.variant, x.owner))
"""


@dataclass(frozen=True)
class Exposed:
    """Leads of an arm that came in `age` whole days ago, and of which the methods said the same.

    `known` of them have the champion's probability; `chances` and `chances_squared` are its sums.
    """

    variant: str
    age: int
    actions: Actions | None
    leads: int
    predictions: int
    known: int
    chances: float
    chances_squared: float


@dataclass(frozen=True)
class Sold:
    """Conversions within the window on its day `day` (0 is the first), of leads of an arm and age.

    Revenue is capped; `known` have the champion's probability, whose sum is `chances`.
    """

    variant: str
    age: int
    day: int
    conversions: int
    with_revenue: int
    revenue: float
    revenue_squared: float
    known: int
    chances: float


@dataclass(frozen=True)
class SoldBySaying:
    """Conversions of leads of which the methods said the same."""

    variant: str
    matured: bool
    actions: Actions | None
    conversions: int


@dataclass(frozen=True)
class Stratum:
    """Leads of an arm from one source, or of one owner (then `by_source` is false)."""

    variant: str
    name: str | None
    by_source: bool
    leads: int


@dataclass(frozen=True)
class Aggregates:
    """All of it, as of one moment. `cap` is the revenue that more counts as; None without revenue."""

    exposed: Sequence[Exposed]
    sold: Sequence[Sold]
    sold_by_saying: Sequence[SoldBySaying]
    strata: Sequence[Stratum]
    cap: float | None


def aggregate(experiment: Experiment, at: datetime) -> Aggregates:
    """Counts in three statements. Outcomes are those known now: corrections have their effect at once."""
    sold = _sold(experiment, at)
    return Aggregates(
        exposed=[Exposed(name, age, _actions(said), *rest) for name, age, said, *rest in _exposed(experiment, at)],
        sold=[Sold(row[0], row[1], row[2], row[5], row[6], *row[8:]) for row in sold if row[2] is not None],
        sold_by_saying=[SoldBySaying(row[0], row[3], _actions(row[4]), row[5]) for row in sold if row[2] is None],
        strata=[
            Stratum(variant, source if by_source else owner, by_source, leads)
            for variant, source, owner, by_source, leads in fetch(STRATA, experiment.pk)
        ],
        cap=next((row[7] for row in sold if row[7] is not None), None),
    )


def _exposed(experiment: Experiment, at: datetime) -> list[tuple[Any, ...]]:
    return fetch(EXPOSED, at, experiment.pk)


def _sold(experiment: Experiment, at: datetime) -> list[tuple[Any, ...]]:
    last_day = experiment.attribution_days - 1
    since = matured_before(experiment, at)
    return fetch(SOLD, at, since, last_day, experiment.pk, experiment.window, experiment.revenue_cap)


def matured_before(experiment: Experiment, at: datetime) -> datetime:
    """Leads that came in until then have had their whole window."""
    return at - timedelta(days=experiment.attribution_days)


def _actions(said: list[str] | None) -> Actions | None:
    return None if said is None else tuple(said)
