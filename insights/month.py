"""How many wins this month will bring: those that are known, and those to be expected of the leads that are open.

A lead's probability is that of converting within the horizon. How much of it falls before the end of the month follows
from the ages at which leads have converted so far: between today's age and the age at the month's end, as a share of
those between today's age and the age at the horizon's end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from insights.expected import Wins, wins
from leads.models import Organisation

FEWEST = 30
"""With fewer conversions to learn from, a lead is taken to convert at any day of its horizon alike."""

OPEN_LEADS = """
SELECT floor(date_part('epoch', %(at)s - d.created_at) / 86400) AS age, s.action, count(*), count(s.probability),
       coalesce(sum(s.probability), 0), coalesce(sum(s.probability * s.probability), 0)
FROM dossier d LEFT JOIN lead_score s ON s.dossier_id = d.id
WHERE d.org_id = %(org_id)s AND s.is_decided IS NOT TRUE
GROUP BY age, s.action
"""
WON = """
SELECT floor(extract(epoch FROM o.occurred_at - d.created_at) / 86400) AS age, count(*),
       count(*) FILTER (WHERE o.occurred_at >= %(start)s)
FROM lead_outcome o JOIN dossier d ON d.id = o.dossier_id
WHERE o.org_id = %(org_id)s AND o.superseded_at IS NULL AND o.converted
  AND o.occurred_at >= %(since)s AND o.occurred_at <= %(at)s
GROUP BY age ORDER BY age
"""
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class OpenLeads:
    """The open leads of one age (in whole days) and action: all, those scored, and sums over their probabilities."""

    age: float
    action: str
    leads: int
    scored: int
    sum: float
    sum_of_squares: float


def open_leads(org: Organisation, at: datetime) -> list[OpenLeads]:
    """By age and action. One statement, that reads each open lead's score once."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_LEADS, {"org_id": org.org_id, "at": at})
        rows = cursor.fetchall()
    return [OpenLeads(float(age), action or "", *counts) for age, action, *counts in rows]


@dataclass(frozen=True)
class Month:
    """The month that `start` begins: wins known so far, and wins to come with their bounds."""

    start: datetime
    days_left: int
    won: int
    to_come: Wins

    @property
    def first_day(self) -> date:
        """Its first day where the organisation is: the moment is the day before for who looks from further west."""
        return self.start.date()

    @property
    def low(self) -> int:
        """The lower bound of all wins of the month."""
        return self.won + self.to_come.low

    @property
    def high(self) -> int:
        """The upper bound."""
        return self.won + self.to_come.high

    @property
    def mean(self) -> float:
        """What is to be expected in all."""
        return self.won + self.to_come.mean


def month_of(org: Organisation, at: datetime, groups: Sequence[OpenLeads]) -> Month:
    """The month of the moment, in the organisation's zone, from the leads that are open. One statement."""
    local = at.astimezone(org.zone)
    start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    days_left = ((start + timedelta(days=32)).replace(day=1) - local) / timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(WON, {"org_id": org.org_id, "at": at, "start": start, "since": min(at - YEAR, start)})
        won = [(float(age), count, now) for age, count, now in cursor.fetchall()]
    ages = [age for age, count, _ in won for _ in range(count)]
    to_come = to_come_of(groups, ages, days_left=days_left, horizon=org.horizon_days)
    return Month(start, max(round(days_left), 1), sum(now for _, _, now in won), to_come)


def to_come_of(groups: Sequence[OpenLeads], ages: Sequence[float], *, days_left: float, horizon: float) -> Wins:
    """The wins of the next `days_left` days from the open leads; `ages` as `share_due` takes them. Pure."""
    mean, variance = 0.0, 0.0
    shares = {
        age: share_due(ages, age=age, days_left=days_left, horizon=horizon) for age in {each.age for each in groups}
    }
    for each in groups:
        share = shares[each.age]
        mean += share * each.sum
        variance += share * each.sum - share**2 * each.sum_of_squares
    return wins(sum(each.scored for each in groups), mean, variance)


def share_due(ages: Sequence[float], *, age: float, days_left: float, horizon: float) -> float:
    """Which part of a lead's probability of converting within the horizon falls into the next `days_left` days.

    `ages` are the days from creation to conversion of leads that converted, ascending; all in days.
    """
    uniform = min(days_left / horizon, 1.0)
    if len(ages) < FEWEST:
        return uniform
    from_now = bisect_right(ages, age)
    due = bisect_right(ages, age + min(days_left, horizon)) - from_now
    all_due = bisect_right(ages, age + horizon) - from_now
    return due / all_due if all_due else uniform
