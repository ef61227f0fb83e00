"""Experiments for tests, and leads that have been in them for a while."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

from experiments.designs import Plan, two_arms
from experiments.lifecycle import create_experiment, start_experiment
from experiments.models import Experiment, Exposure
from leads.models import Dossier, Outcome

_numbers = count(5_000_000)


def now() -> datetime:
    return datetime.now(timezone.utc)


def a_plan(name: str = "ML against the rules", **fields: Any) -> Plan:
    """The rules against the active model, half and half."""
    return Plan(name=name, **{"arms": two_arms("RULE_BASED", "ML", 0.5)} | fields)


def an_experiment(*, org_id: str = "default", days_ago: float = 0, start: bool = True, **fields: Any) -> Experiment:
    """One that was started some days ago."""
    at = now() - timedelta(days=days_ago)
    made = create_experiment(org_id=org_id, plan=a_plan(**fields), by="tester", at=at, start=False)
    return start_experiment(org_id=org_id, experiment_id=made.pk, by="tester", at=at) if start else made


def exposed(
    experiment: Experiment,
    variant: str,
    leads: int,
    *,
    converted: int = 0,
    days_ago: float = 40,
    after_days: float = 5,
    revenue: float | None = None,
    **fields: Any,
) -> list[Dossier]:
    """Leads that came into an arm so long ago, the first so many of which converted so long after."""
    first_at = now() - timedelta(days=days_ago)
    made = Dossier.objects.bulk_create(
        Dossier(
            org_id=experiment.org_id, number=next(_numbers), status="NEW", created_at=first_at, recorded_at=first_at
        )
        for _ in range(leads)
    )
    Exposure.objects.bulk_create(
        Exposure(
            org_id=experiment.org_id,
            experiment=experiment,
            dossier=lead,
            variant=variant,
            first_at=first_at,
            **{"predictions": 1} | fields,
        )
        for lead in made
    )
    at = first_at + timedelta(days=after_days)
    Outcome.objects.bulk_create(
        Outcome(org_id=experiment.org_id, dossier=lead, converted=True, occurred_at=at, recorded_at=at, revenue=revenue)
        for lead in made[:converted]
    )
    return made
