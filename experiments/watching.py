"""What happens to experiments by itself: days are summed up, a full one closes, a breached guardrail stops."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from common.errors import Conflict
from experiments.analysis import Analysis, analyse
from experiments.lifecycle import close_enrolment, stop_experiment
from experiments.models import ChangedOutcome, Decision, Experiment, ExperimentStatus
from experiments.summing import sum_up
from leads.models import Organisation

log = structlog.get_logger(__name__)
BY = "schedule"


def watch(*, at: datetime) -> int:
    """Looks after every experiment that is alive, at `at` by the clock; how many."""
    alive = list(Experiment.objects.alive().order_by("pk"))
    for experiment in alive:
        try:
            look_after(experiment, at=at)
        except Conflict as reason:  # somebody was quicker
            log.info("experiment_left_alone", experiment=experiment.pk, reason=str(reason.detail))
    settle_ended()
    return len(alive)


def settle_ended() -> None:
    """Experiments that have ended are summed up again where an outcome has changed since."""
    changed = ChangedOutcome.objects.values("experiment_id")
    for experiment in Experiment.objects.filter(status=ExperimentStatus.STOPPED, pk__in=changed).order_by("pk"):
        sum_up(experiment, at=Organisation.get(experiment.org_id).now())


def look_after(experiment: Experiment, *, at: datetime) -> None:
    """One experiment. Raises WrongState where a person changes it meanwhile."""
    present = Organisation.get(experiment.org_id).now()
    sum_up(experiment, at=present)
    experiment.refresh_from_db()
    found = analyse(experiment, at=present)
    Experiment.objects.filter(pk=experiment.pk).update(tally=tally_of(found))
    told: dict[str, Any] = {"org_id": experiment.org_id, "experiment_id": experiment.pk, "by": BY, "at": at}
    breached = [f"{rail.name} of {rail.variant}" for rail in found.guardrails if rail.breached]
    if breached and experiment.guardrails.get("stop_on_breach"):
        reason = f"A guardrail is breached: {', '.join(breached)}."
        stop_experiment(**told, decision=Decision.KEEP, reason=reason)
    elif experiment.status == ExperimentStatus.RUNNING and is_full(found):
        close_enrolment(**told, reason="The planned leads are in.")


def tally_of(found: Analysis) -> dict[str, dict[str, int]]:
    """Leads and conversions by arm, for Prometheus."""
    return {arm.variant: {"leads": arm.everyone.leads, "conversions": arm.everyone.conversions} for arm in found.arms}


def is_full(found: Analysis) -> bool:
    """Whether as many leads are in as were planned."""
    planned = found.experiment.planned_leads
    return planned is not None and sum(arm.everyone.leads for arm in found.arms) >= planned
