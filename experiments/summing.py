"""Summing up the days that are over: who came in on them stands, so they are counted once and not at every look."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection, transaction

from experiments.aggregates import EARLIEST, begin_of, day_of
from experiments.models import Experiment

# A prediction's transaction is long over by the time its day is summed up.
DAYS_OPEN = timedelta(days=1)
SUMS = """
INSERT INTO ab_test_day_sum (
    org_id, experiment_id, kind, day, variant, actions, stratum, leads, known, chances, chances_squared)
SELECT %s, x.experiment_id, CASE WHEN grouping(x.actions) = 0 THEN 'SAID' WHEN grouping(x.source) = 0 THEN 'SOURCE'
           ELSE 'OWNER' END,
       day, x.variant, x.actions, COALESCE(x.source, x.owner), count(*), count(chance), COALESCE(sum(chance), 0),
       COALESCE(sum(chance * chance), 0)
FROM (SELECT *, (first_at AT TIME ZONE 'UTC')::date AS day, probabilities[1] AS chance FROM ab_test_exposure) AS x
WHERE x.experiment_id = %s AND x.first_at >= %s AND x.first_at < %s
GROUP BY GROUPING SETS (
    (x.experiment_id, day, x.variant, x.actions), (x.experiment_id, day, x.variant, x.source),
    (x.experiment_id, day, x.variant, x.owner))
"""


@transaction.atomic
def sum_up(experiment: Experiment, *, at: datetime) -> date | None:
    """Sums up the days before yesterday, as of the organisation's present; until which day it is done."""
    row = Experiment.objects.select_for_update().get(pk=experiment.pk)
    until = day_of(at - DAYS_OPEN)
    if row.started_at is None or (row.summed_until is not None and row.summed_until >= until):
        return row.summed_until
    with connection.cursor() as cursor:
        cursor.execute(SUMS, [row.org_id, row.pk, begin_of(row.summed_until or EARLIEST), begin_of(until)])
    row.summed_until = until
    row.save(update_fields=["summed_until"])
    return until
