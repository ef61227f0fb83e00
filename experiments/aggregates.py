"""What the database counts of an experiment: a handful of numbers, whether a hundred leads were in it or a million."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from experiments.conversions import Actions, Conversions, actions_of, conversions
from experiments.days import EARLIEST, age_of, begin_of, day_of, matured_before
from experiments.models import Experiment
from experiments.statistics.proportions import Counts
from leads.bulk import fetch

# Days that are over come from their sums, the rest from the leads themselves.
EXPOSED = """
SELECT variant, day, day < %s AS matured, actions, sum(leads), sum(known), sum(chances), sum(chances_squared) FROM (
    SELECT variant, day, actions, leads, known, chances, chances_squared
    FROM ab_test_day_sum WHERE experiment_id = %s AND kind = 'SAID' AND day < %s
    UNION ALL
    SELECT x.variant, (x.first_at AT TIME ZONE 'UTC')::date, x.actions, count(*), count(x.probabilities[1]),
           COALESCE(sum(x.probabilities[1]), 0), COALESCE(sum(x.probabilities[1] * x.probabilities[1]), 0)
    FROM ab_test_exposure x WHERE x.experiment_id = %s AND x.first_at >= %s GROUP BY 1, 2, 3) AS days
GROUP BY GROUPING SETS ((variant, day), (variant, matured, actions))
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
PREDICTIONS = "SELECT variant, sum(predictions) FROM ab_test_prediction_tally WHERE experiment_id = %s GROUP BY 1"


@dataclass(frozen=True)
class Exposed:
    """Leads of an arm that came in `age` days ago (0 is today, UTC).

    `known` of them have the champion's probability; `chances` and `chances_squared` are its sums.
    """

    variant: str
    age: int
    leads: int
    known: int
    chances: float
    chances_squared: float


@dataclass(frozen=True)
class ByActions:
    """Leads of an arm of which the methods recommended the same `actions` (None: they were not asked).

    `matured` counts those of them whose window is over.
    """

    variant: str
    actions: Actions | None
    leads: int
    matured: Counts


@dataclass(frozen=True)
class Stratum:
    """Leads of an arm from one source, or of one owner (then `by_source` is false)."""

    variant: str
    name: str | None
    by_source: bool
    leads: int


@dataclass(frozen=True)
class Aggregates:
    """All of it, as of one moment."""

    exposed: Sequence[Exposed]
    by_actions: Sequence[ByActions]
    conversions: Conversions
    strata: Sequence[Stratum]
    predictions: Mapping[str, int]


def aggregate(experiment: Experiment, at: datetime) -> Aggregates:
    """Counts in five statements. Outcomes are those known now: corrections have their effect at once."""
    today, days, sold = day_of(at), _days(experiment), conversions(experiment, at)
    rows = fetch(EXPOSED, day_of(matured_before(experiment, at)), *days)
    return Aggregates(
        exposed=[
            Exposed(name, age_of(day, today), int(leads), int(known), *sums)
            for name, day, _, _, leads, known, *sums in rows
            if day is not None
        ],
        by_actions=_by_actions(
            [(row[0], row[2], actions_of(row[3]), int(row[4])) for row in rows if row[1] is None], sold
        ),
        conversions=sold,
        strata=[Stratum(arm, name, source, int(n)) for arm, name, source, n in fetch(STRATA, *days)],
        predictions={name: int(number) for name, number in fetch(PREDICTIONS, experiment.pk)},
    )


def _by_actions(exposed: Sequence[tuple[str, bool, Actions | None, int]], sold: Conversions) -> list[ByActions]:
    """Young and mature leads by what the methods recommended, and what became of the mature ones."""
    leads: dict[tuple[str, Actions | None], list[int]] = {}
    for variant, matured, actions, number in exposed:
        leads.setdefault((variant, actions), [0, 0])[matured] += number
    converted = {(row.variant, row.actions): row.conversions for row in sold.by_actions if row.matured}
    return [ByActions(*key, sum(both), Counts(converted.get(key, 0), both[True])) for key, both in leads.items()]


def _days(experiment: Experiment) -> tuple[int, date, int, datetime]:
    """Where the summed days end and the leads themselves begin."""
    until = experiment.summed_until or EARLIEST
    return experiment.pk, until, experiment.pk, begin_of(until)
