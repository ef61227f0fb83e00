"""How many predictions are made just now, and how long they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from predictions import monitoring

HOUR, STEP = timedelta(hours=1), timedelta(minutes=5)

VOLUME = """
SELECT date_bin('5 minutes', predicted_at, %(since)s), count(*) FROM ml_prediction
WHERE predicted_at >= %(since)s AND org_id = %(org_id)s GROUP BY 1
"""


@dataclass(frozen=True)
class Live:
    """The last hour in steps of five minutes, oldest first, and the latency of requests since the service started.

    `median` and `slow` (the 95th percentile) are in seconds, upper bounds; None where no request was timed.
    """

    volume: Sequence[tuple[datetime, int]]
    requests: int
    median: float | None
    slow: float | None

    @property
    def total(self) -> int:
        """All of the hour."""
        return sum(count for _, count in self.volume)


def live_of(org_id: str, at: datetime) -> Live:
    """Of an organisation's predictions, and of every request. One statement."""
    since = at.replace(minute=at.minute - at.minute % 5, second=0, microsecond=0) - HOUR + STEP
    with connection.cursor() as cursor:
        cursor.execute(VOLUME, {"since": since, "org_id": org_id})
        found = dict(cursor.fetchall())
    steps = [since + STEP * step for step in range(HOUR // STEP)]
    buckets = monitoring.latency_buckets()
    requests = int(buckets[-1][1]) if buckets else 0
    return Live(
        volume=[(step, found.get(step, 0)) for step in steps],
        requests=requests,
        median=quantile(buckets, 0.5),
        slow=quantile(buckets, 0.95),
    )


def quantile(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """The bound of the first bucket that holds so large a share; `buckets` are (upper bound, count up to it)."""
    total = buckets[-1][1] if buckets else 0
    if not total:
        return None
    return next(bound for bound, count in buckets if count >= share * total)
