"""The months of `ml_prediction`: made ahead, and dropped when they are older than is kept, with their shadows."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction

from predictions.models import PredictionBatch

AHEAD = 3
"""So many months after the present one have a partition."""
MONTHS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'ml_prediction'::regclass AND c.relname ~ '^ml_prediction_[0-9]{6}$' ORDER BY 1
"""
# Months that have passed without one: while no task made them, what was said then went into the default partition.
LEFT_OUT = """
SELECT DISTINCT date_trunc('month', predicted_at AT TIME ZONE 'UTC')::date FROM ml_prediction_default
WHERE predicted_at < %s
"""
# What a clock ahead of time, or a task that did not run, has put into the default partition moves to its month.
ADD = """
CREATE TABLE {name} (LIKE ml_prediction INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
WITH moved AS (
    DELETE FROM ml_prediction_default WHERE predicted_at >= '{start}' AND predicted_at < '{end}' RETURNING *
) INSERT INTO {name} SELECT * FROM moved;
ALTER TABLE ml_prediction ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')
"""

# Whoever predicts waits behind who waits for a table, and a backup holds each for as long as it takes. There is time:
# months are made well ahead, and what has none is kept in the default partition.
PATIENCE = "SET LOCAL lock_timeout = '3s'"

AT_ONCE = 10_000
# By ml_shadow_version_org, version by version: only rows that are too old are read. In pieces: no transaction is long.
DROP_SHADOWS = """
DELETE FROM ml_shadow_prediction WHERE id IN (
    SELECT old.id FROM ml_model_version v CROSS JOIN LATERAL (
        SELECT id FROM ml_shadow_prediction
        WHERE model_version = v.version AND org_id = v.org_id AND predicted_at < %(before)s LIMIT %(at_once)s) AS old
    LIMIT %(at_once)s)
"""


def months_later(day: date, months: int) -> date:
    """The first day of the month so many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def name_of(month: date) -> str:
    """The partition's."""
    return f"ml_prediction_{month:%Y%m}"


def kept() -> list[date]:
    """The months that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(MONTHS)
        return [date(int(name[-6:-2]), int(name[-2:]), 1) for (name,) in cursor.fetchall()]


def make_ahead(at: datetime) -> list[date]:
    """Makes the partitions of this month and the next ones, and of earlier ones that were left out; which were missing.

    Raises OperationalError where somebody is at the table for long, as a backup is: tomorrow is another day.
    """
    wanted = {months_later(at.date(), later) for later in range(AHEAD + 1)} | _left_out(before=at)
    missing = sorted(wanted - set(kept()))
    for month in missing:
        start, end = f"{month}T00:00:00Z", f"{months_later(month, 1)}T00:00:00Z"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PATIENCE)
            cursor.execute("LOCK TABLE ml_prediction IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(ADD.format(name=name_of(month), start=start, end=end))
    return missing


def _left_out(*, before: datetime) -> set[date]:
    with connection.cursor() as cursor:
        cursor.execute(LEFT_OUT, [before])
        return {month for (month,) in cursor.fetchall()}


def drop_old(at: datetime) -> list[date]:
    """Drops the months that ended longer ago than is kept, with what only they needed; which. 0 keeps all.

    What shadows said then goes with them: it is told beside what was given, which is no more. Raises OperationalError
    as above.
    """
    if not settings.PREDICTION_KEEP_MONTHS:
        return []
    oldest = months_later(at.date(), -settings.PREDICTION_KEEP_MONTHS)
    gone = [month for month in kept() if month < oldest]
    for month in gone:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PATIENCE)
            cursor.execute(f"DROP TABLE {name_of(month)}")
    before = datetime(oldest.year, oldest.month, 1, tzinfo=at.tzinfo)
    PredictionBatch.objects.filter(made_at__lt=before).delete()
    _drop_shadows(before)
    return gone


def _drop_shadows(before: datetime) -> None:
    with connection.cursor() as cursor:
        dropped = AT_ONCE
        while dropped == AT_ONCE:
            cursor.execute(DROP_SHADOWS, {"before": before, "at_once": AT_ONCE})
            dropped = cursor.rowcount
