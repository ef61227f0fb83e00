"""Summing up what is over, so that it is counted once and not at each look: who came in, converted, was scored."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from experiments.conversions import keep
from experiments.days import EARLIEST, begin_of, day_of
from experiments.models import Experiment
from leads.bulk import run

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
# Rows that are noted meanwhile are not seen, and so stay.
TALLY = """
WITH taken AS (DELETE FROM ab_test_prediction_tally WHERE experiment_id = %s RETURNING org_id, experiment_id, variant,
    predictions)
INSERT INTO ab_test_prediction_tally (org_id, experiment_id, variant, predictions)
SELECT org_id, experiment_id, variant, sum(predictions) FROM taken GROUP BY 1, 2, 3
"""


@transaction.atomic
def sum_up(experiment: Experiment, *, at: datetime) -> date | None:
    """Sums up the days before yesterday, as of the organisation's present; until which day it is done.

    What has changed in days summed up before is settled, too. The row is locked, against another who sums up, acts, and
    whoever takes leads out of the sums; not against its key, or predictions would wait: their days are not over.
    """
    row = Experiment.objects.select_for_update(no_key=True).get(pk=experiment.pk)
    if row.started_at is None:
        return None
    until = day_of(at - DAYS_OPEN)
    keep(row, until)
    run(TALLY, row.pk)
    since = row.summed_until or EARLIEST
    if until > since:
        run(SUMS, row.org_id, row.pk, begin_of(since), begin_of(until))
        row.summed_until = until
    row.save(update_fields=["summed_until", "conversions_until"])
    return row.summed_until
