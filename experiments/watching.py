"""What happens to experiments by itself: days are summed up, a full one closes, a breached guardrail stops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Q, QuerySet

from common.errors import Conflict
from experiments.analysis import Analysis, analyse
from experiments.lifecycle import close_enrolment, stop_experiment
from experiments.models import ChangedOutcome, Decision, Experiment, ExperimentStatus
from experiments.statistics.deciding import LEAST_DAYS
from experiments.summing import sum_up
from leads.models import Organisation

log = structlog.get_logger(__name__)
BY = "schedule"
JUST_ENDED = timedelta(days=1)


def watch(*, at: datetime) -> int:
    """Looks after every experiment that is alive, at `at` by the clock, and counts those that have ended where it is
    due; how many are alive. One that cannot be read does not keep the others from being watched."""
    alive = list(Experiment.objects.alive().order_by("pk"))
    for experiment in alive:
        with _told_in_the_log(experiment):
            look_after(experiment, at=at)
    for experiment in ended(at):
        with _told_in_the_log(experiment):
            count(experiment)
    return len(alive)


@contextmanager
def _told_in_the_log(experiment: Experiment) -> Iterator[None]:
    try:
        yield
    except Conflict as reason:  # somebody was quicker
        log.info("experiment_left_alone", experiment=experiment.pk, reason=str(reason.detail))
    except Exception:
        log.exception("experiment_not_watched", experiment=experiment.pk)


def ended(at: datetime) -> QuerySet[Experiment]:
    """Those that ended within a day, and those of which an outcome has changed since they were last counted."""
    changed = Q(pk__in=ChangedOutcome.objects.values("experiment_id"))
    stopped = Experiment.objects.filter(status=ExperimentStatus.STOPPED).exclude(design_hash="")
    return stopped.filter(changed | Q(stopped_at__gt=at - JUST_ENDED)).order_by("pk")


def count(experiment: Experiment) -> Analysis:
    """Sums up, and keeps what the list of experiments and Prometheus show, as of the organisation's present."""
    at = Organisation.get(experiment.org_id).now()
    sum_up(experiment, at=at)
    experiment.refresh_from_db()
    found = analyse(experiment, at=at)
    counted = {"tally": tally_of(found), "sample_ratio": found.ratio.p_value}
    Experiment.objects.filter(pk=experiment.pk).update(**counted)
    return found


def look_after(experiment: Experiment, *, at: datetime) -> None:
    """One experiment. Raises WrongState where a person changes it meanwhile."""
    found = count(experiment)
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
    """Whether as many leads are in as were planned, and every weekday is among their days twice."""
    planned, leads = found.experiment.planned_leads, sum(arm.everyone.leads for arm in found.arms)
    return planned is not None and leads >= planned and found.days >= LEAST_DAYS
