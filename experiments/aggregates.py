"""What the database counts of an experiment: a handful of numbers, whether a hundred leads were in it or a million."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from experiments.models import Experiment
from leads.bulk import fetch

Actions = tuple[str, ...]
EARLIEST = date(1900, 1, 1)
DAY = "(x.first_at AT TIME ZONE 'UTC')::date"
# Days that are over come from their sums, the rest from the leads themselves.
EXPOSED = f"""
SELECT variant, day, actions, sum(leads), sum(known), sum(chances), sum(chances_squared) FROM (
    SELECT variant, day, actions, leads, known, chances, chances_squared
    FROM ab_test_day_sum WHERE experiment_id = %s AND kind = 'SAID' AND day < %s
    UNION ALL
    SELECT x.variant, {DAY}, x.actions, count(*), count(x.probabilities[1]), COALESCE(sum(x.probabilities[1]), 0),
           COALESCE(sum(x.probabilities[1] * x.probabilities[1]), 0)
    FROM ab_test_exposure x WHERE x.experiment_id = %s AND x.first_at >= %s GROUP BY 1, 2, 3) AS days
GROUP BY 1, 2, 3
"""
STRATA = """
SELECT variant, stratum, by_source, sum(leads) FROM (
    SELECT variant, stratum, kind = 'SOURCE' AS by_source, leads
    FROM ab_test_day_sum WHERE experiment_id = %s AND kind IN ('SOURCE', 'OWNER') AND day < %s
    UNION ALL
    SELECT x.variant, CASE WHEN grouping(x.source) = 0 THEN x.source ELSE x.owner END, grouping(x.source) = 0, count(*)
    FROM ab_test_exposure x WHERE x.experiment_id = %s AND x.first_at >= %s
    GROUP BY GROUPING SETS ((x.variant, x.source), (x.variant, x.owner))) AS days
GROUP BY 1, 2, 3
"""
PREDICTIONS = "SELECT variant, sum(predictions) FROM ab_test_exposure WHERE experiment_id = %s GROUP BY 1"
# Many CRMs date a sale by the day: what became known after the exposure and is dated up to a day before it, counts as
# having come with it.
CONVERTED = """
x.experiment_id = %s AND o.superseded_at IS NULL AND o.converted AND o.occurred_at <= x.first_at + %s
AND (o.occurred_at >= x.first_at OR (o.recorded_at >= x.first_at AND o.occurred_at >= x.first_at - interval '1 day'))
"""
SOLD = f"""
WITH sold AS MATERIALIZED (
    SELECT x.variant, {DAY} AS came, x.first_at < %s AS matured, x.actions, o.revenue::float8 AS revenue,
           LEAST(GREATEST(floor(date_part('epoch', o.occurred_at - x.first_at) / 86400), 0), %s)::int AS day,
           x.probabilities[1] AS probability
    FROM ab_test_exposure x JOIN lead_outcome o ON o.dossier_id = x.dossier_id WHERE {CONVERTED}),
cap AS (SELECT percentile_disc(%s) WITHIN GROUP (ORDER BY revenue) AS most FROM sold WHERE revenue > 0)
SELECT variant, came, day, matured, actions, count(*), count(revenue), max(most),
       COALESCE(sum(LEAST(revenue, most)), 0), COALESCE(sum(LEAST(revenue, most) ^ 2), 0),
       count(probability), COALESCE(sum(probability), 0)
FROM sold CROSS JOIN cap GROUP BY GROUPING SETS ((variant, came, day), (variant, matured, actions))
"""


@dataclass(frozen=True)
class Exposed:
    """Leads of an arm that came in `age` days ago (0 is today, UTC), and of which the methods said the same.

    `known` of them have the champion's probability; `chances` and `chances_squared` are its sums.
    """

    variant: str
    age: int
    actions: Actions | None
    leads: int
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
    predictions: Mapping[str, int]
    cap: float | None


def aggregate(experiment: Experiment, at: datetime) -> Aggregates:
    """Counts in four statements. Outcomes are those known now: corrections have their effect at once."""
    today, sold = day_of(at), _sold(experiment, at)
    by_days, by_saying = [row for row in sold if row[2] is not None], [row for row in sold if row[2] is None]
    return Aggregates(
        exposed=[
            Exposed(name, _age(today, day), _actions(said), int(leads), int(known), *sums)
            for name, day, said, leads, known, *sums in fetch(EXPOSED, *_split(experiment))
        ],
        sold=[Sold(row[0], _age(today, row[1]), row[2], row[5], row[6], *row[8:]) for row in by_days],
        sold_by_saying=[SoldBySaying(row[0], row[3], _actions(row[4]), row[5]) for row in by_saying],
        strata=[Stratum(arm, name, source, int(n)) for arm, name, source, n in fetch(STRATA, *_split(experiment))],
        predictions={name: int(number) for name, number in fetch(PREDICTIONS, experiment.pk)},
        cap=next((row[7] for row in sold if row[7] is not None), None),
    )


def _split(experiment: Experiment) -> tuple[int, date, int, datetime]:
    """Where the summed days end and the leads themselves begin."""
    until = experiment.summed_until or EARLIEST
    return experiment.pk, until, experiment.pk, begin_of(until)


def _sold(experiment: Experiment, at: datetime) -> list[tuple[Any, ...]]:
    last_day = experiment.attribution_days - 1
    since = matured_before(experiment, at)
    return fetch(SOLD, since, last_day, experiment.pk, experiment.window, experiment.revenue_cap)


def matured_before(experiment: Experiment, at: datetime) -> datetime:
    """Leads that came in before it have had their whole window; in whole days of UTC, since days are what is kept."""
    return begin_of(day_of(at) - timedelta(days=experiment.attribution_days))


def day_of(at: datetime) -> date:
    """Its day in UTC."""
    return at.astimezone(timezone.utc).date()


def begin_of(day: date) -> datetime:
    """The first moment of a day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _age(today: date, day: date) -> int:
    return max((today - day).days, 0)


def _actions(said: list[str] | None) -> Actions | None:
    return None if said is None else tuple(said)
