"""Which leads have converted: as kept for days that are over, and counted anew for all that has changed since.

A trigger notes each change of an outcome, in its transaction; so what is kept and not noted is what would be counted,
and corrections have their effect at once. See ADR 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from experiments.days import EARLIEST, age_of, begin_of, day_of, matured_before
from experiments.models import Experiment
from leads.bulk import fetch, run

Actions = tuple[str, ...]

CONVERTED = """
o.superseded_at IS NULL AND o.converted AND o.occurred_at <= x.first_at + make_interval(days => e.attribution_days)
AND (o.occurred_at >= x.first_at OR (
    (o.recorded_at >= x.first_at OR o.origin = 'STATUS') AND o.occurred_at >= x.first_at - interval '1 day'))
"""
"""Whether an outcome `o` counts for an exposure `x` in an experiment `e`.

Many CRMs date a sale by the day: what became known after the exposure and is dated up to a day before it, counts as
having come with it. An outcome that follows from a status is kept as known since the status was taken, whenever that
was told; it was told after the exposure, since only undecided leads come in.
"""
COUNTED = f"""
SELECT x.org_id, x.id AS exposure_id, x.experiment_id, x.variant, (x.first_at AT TIME ZONE 'UTC')::date AS came,
       LEAST(GREATEST(floor(date_part('epoch', o.occurred_at - x.first_at) / 86400), 0),
             e.attribution_days - 1)::smallint AS day,
       x.actions, o.revenue::float8 AS revenue, x.probabilities[1] AS probability
FROM ab_test_experiment e
JOIN ab_test_exposure x ON x.experiment_id = e.id
JOIN lead_outcome o ON o.dossier_id = x.dossier_id
WHERE e.id = %s AND {CONVERTED}"""
"""The one definition: an experiment's conversions from the outcomes of now."""

CHANGED = "changed AS (SELECT exposure_id FROM ab_test_changed_outcome WHERE experiment_id = %s)"
LIVE = f"""
SELECT 1 AS sign, variant, came, day, actions, revenue, probability FROM ({COUNTED} AND x.first_at >= %s) AS open_days
UNION ALL
SELECT 1, variant, came, day, actions, revenue, probability
FROM ({COUNTED} AND x.first_at < %s AND x.id IN (SELECT exposure_id FROM changed)) AS anew"""
"""What is counted by the definition at each look: days that are not over, and what has changed since it was kept."""

SOLD = f"""
WITH {CHANGED},
edits AS MATERIALIZED (
    SELECT -1 AS sign, variant, came, day, actions, revenue, probability FROM ab_test_conversion
    WHERE experiment_id = %s AND came < %s AND exposure_id IN (SELECT exposure_id FROM changed)
    UNION ALL {LIVE}),
sums AS (
    SELECT variant, came, day, actions, conversions, known, chances FROM ab_test_conversion_sum
    WHERE experiment_id = %s AND came < %s
    UNION ALL
    SELECT variant, came, day, NULL, sign, sign * (probability IS NOT NULL)::int, sign * COALESCE(probability, 0)
    FROM edits
    UNION ALL
    SELECT variant, came, NULL, actions, sign, 0, 0 FROM edits)
SELECT variant, CASE WHEN day IS NOT NULL THEN came END, day, CASE WHEN day IS NULL THEN came < %s END, actions,
       sum(conversions)::int, sum(known)::int, sum(chances)
FROM sums GROUP BY 1, 2, 3, 4, 5 HAVING sum(conversions) <> 0
"""
PAID = f"""
WITH {CHANGED},
paid AS MATERIALIZED (
    SELECT variant, came, revenue FROM ab_test_conversion k
    WHERE experiment_id = %s AND came < %s AND revenue IS NOT NULL
      AND NOT EXISTS (SELECT FROM changed c WHERE c.exposure_id = k.exposure_id)
    UNION ALL
    SELECT variant, came, revenue FROM ({LIVE}) AS live WHERE revenue IS NOT NULL),
cap AS (SELECT percentile_disc(%s) WITHIN GROUP (ORDER BY revenue) AS most FROM paid WHERE revenue > 0)
SELECT variant, came < %s, max(most), count(*), sum(capped), sum(capped * capped)
FROM (SELECT *, CASE WHEN revenue > most THEN most ELSE revenue END AS capped FROM paid CROSS JOIN cap) AS paid
GROUP BY 1, 2
"""
TAKE_CHANGED = "DELETE FROM ab_test_changed_outcome WHERE experiment_id = %s RETURNING exposure_id"
DROP = "DELETE FROM ab_test_conversion WHERE exposure_id = ANY(%s)"
KEEP = f"""
INSERT INTO ab_test_conversion (
    org_id, exposure_id, experiment_id, variant, came, day, actions, revenue, probability) {COUNTED}
"""
KEEP_DAYS = KEEP + "AND x.first_at >= %s AND x.first_at < %s"
KEEP_CHANGED = KEEP + "AND x.first_at < %s AND x.id = ANY(%s)"
SUM_UP = "SELECT ab_test_sum_conversions(%s, %s::date[])"


@dataclass(frozen=True)
class Sold:
    """Conversions within the window on its day `day` (0 is the first), of leads of an arm and age.

    `known` of them have the champion's probability, whose sum is `chances`.
    """

    variant: str
    age: int
    day: int
    conversions: int
    known: int
    chances: float


@dataclass(frozen=True)
class SoldByActions:
    """Conversions of leads of an arm for which the methods recommended the same `actions`."""

    variant: str
    matured: bool
    actions: Actions | None
    conversions: int


@dataclass(frozen=True)
class Paid:
    """Conversions of an arm that came with a revenue, which is capped, of mature leads or the others."""

    variant: str
    matured: bool
    conversions: int
    revenue: float
    revenue_squared: float


@dataclass(frozen=True)
class Conversions:
    """All of them, told apart in three ways. `cap` is the revenue that more counts as; None without revenue."""

    by_day: Sequence[Sold]
    by_actions: Sequence[SoldByActions]
    paid: Sequence[Paid]
    cap: float | None


def conversions(experiment: Experiment, at: datetime) -> Conversions:
    """Those of the outcomes known now, in two statements. `at` says which windows are over."""
    key, until, today = experiment.pk, experiment.conversions_until or EARLIEST, day_of(at)
    kept, live, matured = (key, until), (key, begin_of(until)) * 2, day_of(matured_before(experiment, at))
    sold = fetch(SOLD, key, *kept, *live, *kept, matured)
    paid = fetch(PAID, key, *kept, *live, experiment.revenue_cap, matured)
    return Conversions(
        by_day=[Sold(row[0], age_of(row[1], today), row[2], *row[5:]) for row in sold if row[1] is not None],
        by_actions=[SoldByActions(row[0], row[3], actions_of(row[4]), row[5]) for row in sold if row[1] is None],
        paid=[Paid(variant, is_mature, *sums) for variant, is_mature, _, *sums in paid],
        cap=next((row[2] for row in paid if row[2] is not None), None),
    )


def keep(experiment: Experiment, until: date) -> None:
    """Keeps those of leads that came in before `until`, and counts anew what has changed since it was kept.

    The caller holds the experiment's row, and saves it. What changes meanwhile is noted for the next time.
    """
    key, since = experiment.pk, experiment.conversions_until or EARLIEST
    changed = [exposure for (exposure,) in fetch(TAKE_CHANGED, key)]
    days = _days_of(DROP, changed) | _days_of(KEEP_CHANGED, key, begin_of(since), changed)
    if until > since:
        days |= _days_of(KEEP_DAYS, key, begin_of(since), begin_of(until))
        experiment.conversions_until = until
    run(SUM_UP, key, sorted(days))


def _days_of(statement: str, *parameters: Any) -> set[date]:
    """Runs it; on which days the leads came in whose rows it wrote or deleted."""
    told = f"WITH done AS ({statement} RETURNING came) SELECT DISTINCT came FROM done"
    return {day for (day,) in fetch(told, *parameters)}


def actions_of(said: list[str] | None) -> Actions | None:
    """What the methods said of a lead, as a key."""
    return None if said is None else tuple(said)
