"""When training starts by itself: an organisation's policy, the facts, and at most one run for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import F, OuterRef, Q, Subquery

from common.errors import Conflict
from leads.models import Outcome
from models_registry.models import Alarm, AlarmKind, Policy, TrainingRun, Trigger
from models_registry.training import TooFewRecords, start_training

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Facts:
    """What there is to decide on.

    `alarms` holds the words of those that wait for an answer, by kind, without those told again too soon.
    """

    since_last_start: timedelta | None
    is_training: bool
    new_outcomes: int
    alarms: dict[str, str]


@dataclass(frozen=True)
class Fired:
    """The trigger, and why, in words."""

    trigger: str
    words: str


def decide(policy: Policy, facts: Facts) -> Fired | None:
    """The trigger that fires, the most urgent first; None where none does or it is too soon. Pure."""
    if facts.is_training:
        return None
    if facts.since_last_start is not None and facts.since_last_start < timedelta(hours=policy.hours_between):
        return None
    for kind, heeded in ((AlarmKind.CALIBRATION, policy.on_calibration), (AlarmKind.DRIFT, policy.on_drift)):
        if heeded and kind in facts.alarms:
            return Fired(Trigger[kind.name], facts.alarms[kind])
    if policy.new_outcomes is not None and facts.new_outcomes >= policy.new_outcomes:
        told = f"{facts.new_outcomes:,} new outcomes since the last training"
        return Fired(Trigger.OUTCOMES, f"{told}; the policy asks for {policy.new_outcomes:,}.")
    return None


def facts_of(org_id: str, *, at: datetime) -> Facts:
    """What is known at `at`. A run answers what was known when it started, whatever came of it."""
    last = TrainingRun.objects.of(org_id).order_by("-created_at").first()
    return Facts(
        since_last_start=at - last.created_at if last else None,
        is_training=TrainingRun.objects.of(org_id).open().exists(),
        new_outcomes=_new_outcomes(org_id, last),
        alarms={alarm.kind: alarm.words for alarm in _alarms(org_id, at=at)},
    )


def _new_outcomes(org_id: str, last: TrainingRun | None) -> int:
    """Those known now that were recorded since: leads that were forgotten meanwhile take away nothing.

    One that says of what became of the lead the same as the newest before is no new one: it was corrected.
    """
    known = Outcome.objects.of(org_id).current()
    if last is None:
        return known.count()
    if last.last_outcome is None:  # an earlier run does not tell it
        return known.filter(recorded_at__gt=last.as_of).count()
    before = Outcome.objects.filter(dossier=OuterRef("dossier"), pk__lte=last.last_outcome).order_by("-pk")
    new = known.filter(pk__gt=last.last_outcome).annotate(before=Subquery(before.values("converted")[:1]))
    return new.filter(Q(before=None) | ~Q(converted=F("before"))).count()


def _alarms(org_id: str, *, at: datetime) -> list[Alarm]:
    """Those that wait, but for what training answered lately of the same version: that would fire on the same facts."""
    lately = Q(answered_by__created_at__gt=at - timedelta(days=settings.ML_ALARM_REPEAT_DAYS))
    answered = set(Alarm.objects.filter(lately, org_id=org_id).values_list("kind", "model_version"))
    waiting = Alarm.objects.unanswered().filter(org_id=org_id)
    return [alarm for alarm in waiting if (alarm.kind, alarm.model_version) not in answered]


def train_where_due(*, org_id: str, at: datetime) -> TrainingRun | None:
    """Starts the training that the organisation's policy asks for now, if any. The run says which trigger fired."""
    fired = decide(Policy.get(org_id), facts_of(org_id, at=at))
    if fired is None:
        return None
    try:
        return start_training(org_id=org_id, by="policy", trigger=fired.trigger, because=fired.words)
    except (TooFewRecords, Conflict) as reason:
        log.info("training_not_started", org_id=org_id, trigger=fired.trigger, reason=str(reason))
        return None


def organisations() -> list[str]:
    """Those whose policy asks for more than the schedule."""
    asks = Q(new_outcomes__isnull=False) | Q(on_drift=True) | Q(on_calibration=True)
    return list(Policy.objects.filter(asks).order_by("org_id").values_list("org_id", flat=True))
