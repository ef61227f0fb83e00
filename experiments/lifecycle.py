"""The life of an experiment: made, started, closed to new leads, left to mature, stopped with a decision."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from common import audit
from common.errors import Conflict
from common.turns import take_turn
from experiments.designs import Arm, Impossible, Plan, design_of, hash_of, pinned_version
from experiments.models import Decision, Experiment, ExperimentStatus, PinnedArtefact
from experiments.populations import overlap
from models_registry import artefacts
from models_registry.models import ModelVersion

Status = ExperimentStatus


class Overlaps(Conflict):
    """409: another experiment has these leads."""

    default_code = "overlaps"


class WrongState(Conflict):
    """409: what was asked for does not follow from where the experiment stands."""

    default_code = "wrong_state"


@transaction.atomic
def create_experiment(*, org_id: str, plan: Plan, by: str, at: datetime, start: bool = True) -> Experiment:
    """The experiment as a draft, or running at once. Raises Impossible, Overlaps."""
    experiment = plan.experiment(org_id)
    experiment.created_at, experiment.created_by = at, by
    experiment.salt = secrets.token_hex(8)
    experiment.save(force_insert=True)
    _record(experiment, "create", by, at, after=Status.DRAFT)
    return start_experiment(org_id=org_id, experiment_id=experiment.pk, by=by, at=at) if start else experiment


@transaction.atomic
def start_experiment(*, org_id: str, experiment_id: int, by: str, at: datetime) -> Experiment:
    """Lets leads in from `at` on. The design is hashed, and stands from now on; pinned versions are kept.

    Raises Experiment.DoesNotExist, WrongState, Overlaps, Impossible where a version has been archived meanwhile or
    fails its rehearsal.
    """
    experiment = _locked(org_id, experiment_id)
    _ensure(experiment, "started", Status.DRAFT)
    for other in Experiment.objects.of(org_id).assigning():
        if overlap(experiment.population, other.population):
            raise Overlaps(f"“{other.name}” (experiment {other.pk}) runs on leads that this one would take.")
    _pin(experiment)
    experiment.design = design_of(experiment)
    experiment.design_hash = hash_of(experiment.design)
    experiment.status, experiment.started_at = Status.RUNNING, at
    experiment.save()
    _record(experiment, "start", by, at, before=Status.DRAFT, evidence={"design_hash": experiment.design_hash})
    return experiment


@transaction.atomic
def close_enrolment(*, org_id: str, experiment_id: int, by: str, at: datetime, reason: str = "") -> Experiment:
    """Takes no new leads; those that are in stay in their arms. Raises Experiment.DoesNotExist, WrongState."""
    experiment = _locked(org_id, experiment_id)
    _ensure(experiment, "closed to new leads", Status.RUNNING)
    return _moved(experiment, Status.ENROLMENT_CLOSED, act="close", by=by, at=at, reason=reason, closed_at=at)


@transaction.atomic
def let_mature(*, org_id: str, experiment_id: int, by: str, at: datetime, reason: str = "") -> Experiment:
    """Scores every lead by the default method again, and waits for the outcomes that are due.

    Raises Experiment.DoesNotExist, WrongState.
    """
    experiment = _locked(org_id, experiment_id)
    _ensure(experiment, "left to mature", Status.RUNNING, Status.ENROLMENT_CLOSED)
    _unpin(experiment)
    closed_at = experiment.closed_at or at
    return _moved(experiment, Status.MATURING, act="mature", by=by, at=at, reason=reason, closed_at=closed_at)


@transaction.atomic
def stop_experiment(
    *, org_id: str, experiment_id: int, by: str, at: datetime, decision: str = Decision.INCONCLUSIVE, reason: str = ""
) -> Experiment:
    """Ends it for good, with what was made of it. A prediction that is under way is still filed in its arm.

    Raises Experiment.DoesNotExist, WrongState.
    """
    experiment = _locked(org_id, experiment_id)
    _ensure(experiment, "stopped", Status.DRAFT, Status.RUNNING, Status.ENROLMENT_CLOSED, Status.MATURING)
    _unpin(experiment)
    return _moved(
        experiment,
        Status.STOPPED,
        act="stop",
        by=by,
        at=at,
        reason=reason,
        started_at=experiment.started_at or at,
        closed_at=experiment.closed_at or at,
        stopped_at=at,
        decision=decision,
        decided_by=by,
        decision_reason=reason,
    )


@transaction.atomic
def iterate(
    *, org_id: str, experiment_id: int, by: str, at: datetime, start: bool = True, **changes: Any
) -> Experiment:
    """A new iteration of a stopped experiment: its design with these changes (of Plan), drawn by a new salt. Guardrails
    that are not named stay as they were.

    Raises Experiment.DoesNotExist, WrongState where it is not stopped, Impossible, Overlaps.
    """
    before = _locked(org_id, experiment_id)
    _ensure(before, "iterated", Status.STOPPED)
    guardrails = before.guardrails | changes.pop("guardrails", {})
    plan = replace(plan_of(before), **changes, guardrails=guardrails)
    made = create_experiment(org_id=org_id, plan=plan, by=by, at=at, start=False)
    made.previous, made.iteration = before, before.iteration + 1
    made.save(update_fields=["previous", "iteration"])
    return start_experiment(org_id=org_id, experiment_id=made.pk, by=by, at=at) if start else made


def plan_of(experiment: Experiment) -> Plan:
    """What it was meant to be."""
    return Plan(
        name=experiment.name,
        arms=[Arm(**arm) for arm in experiment.arms],
        description=experiment.description,
        population=experiment.population,
        coverage=experiment.coverage,
        attribution_days=experiment.attribution_days,
        revenue_cap=experiment.revenue_cap,
        planned_leads=experiment.planned_leads,
        guardrails=experiment.guardrails,
    )


def acts_of(experiment: Experiment) -> list[audit.AuditEntry]:
    """Who did what with it and when, in the order of the acts."""
    rows = audit.AuditEntry.objects.of(experiment.org_id).filter(subject=_subject(experiment))
    return list(rows.filter(act__startswith="experiment.").order_by("at", "pk"))


def _locked(org_id: str, experiment_id: int) -> Experiment:
    """The experiment, while nobody else changes one of the organisation's. Raises Experiment.DoesNotExist."""
    take_turn(f"experiments of {org_id}")
    return Experiment.objects.of(org_id).select_for_update().get(pk=experiment_id)


def _ensure(experiment: Experiment, what: str, *states: Status) -> None:
    if experiment.status not in states:
        word = Status(experiment.status).label.lower()
        raise WrongState(f"An experiment that is “{word}” cannot be {what}.")


def _moved(
    experiment: Experiment, status: Status, *, act: str, by: str, at: datetime, reason: str, **values: Any
) -> Experiment:
    before, experiment.status = experiment.status, status
    for name, value in values.items():
        setattr(experiment, name, value)
    experiment.save(update_fields=["status", *values])
    _record(experiment, act, by, at, before=before, reason=reason, evidence=_told(values))
    return experiment


def _told(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("decision",) if name in values}


def _pin(experiment: Experiment) -> None:
    """Keeps the artefacts that arms name. Raises Impossible where one has gone, or cannot score here."""
    for method in sorted({arm["method"] for arm in experiment.arms}):
        version = pinned_version(experiment.org_id, method)
        if version is not None:
            _rehearse(version)
            PinnedArtefact.objects.create(org_id=experiment.org_id, experiment=experiment, artefact_id=version.pk)
        elif ":" in method:
            raise Impossible({"variants": f"{method} is not kept any more."})


def _rehearse(version: ModelVersion) -> None:
    try:
        artefacts.rehearse(version)
    except artefacts.FailedRehearsal as error:
        raise Impossible({"variants": str(error.detail)}) from error


def _unpin(experiment: Experiment) -> None:
    PinnedArtefact.objects.filter(experiment=experiment).delete()


def _subject(experiment: Experiment) -> str:
    return f"experiment {experiment.pk}"


def _record(experiment: Experiment, act: str, by: str, at: datetime, **told: Any) -> None:
    audit.record(
        org_id=experiment.org_id,
        act=f"experiment.{act}",
        subject=_subject(experiment),
        by=by,
        at=at,
        **{"after": experiment.status} | told,
    )
