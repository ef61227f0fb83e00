"""UTC days: leads are counted by the day once it is over."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from experiments.models import Experiment

EARLIEST = date(1900, 1, 1)


def day_of(at: datetime) -> date:
    """Its day."""
    return at.astimezone(timezone.utc).date()


def begin_of(day: date) -> datetime:
    """The first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def age_of(day: date, today: date) -> int:
    """How many days ago it was; 0 for what lies ahead."""
    return max((today - day).days, 0)


def matured_before(experiment: Experiment, at: datetime) -> datetime:
    """Leads that came in before it have had their whole window; in whole days, since days are what is kept."""
    return begin_of(day_of(at) - timedelta(days=experiment.attribution_days))
