"""Alarms of the active version: raised by whoever watches it, answered by training or another calibration, or over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from common import audit
from models_registry.models import Alarm, ModelVersion, TrainingRun


@transaction.atomic
def raise_alarm(*, org_id: str, kind: str, words: str, evidence: Mapping[str, Any], at: datetime) -> Alarm:
    """Writes an alarm down. Where one of its kind waits for an answer already, that one tells the newer words.

    One that a calibration had answered, or that was over, is raised anew. `kind` is of AlarmKind.
    """
    active = ModelVersion.objects.of(org_id).active().first()
    told: dict[str, Any] = {
        "model_version": active.version if active else "",
        "words": words,
        "evidence": dict(evidence),
        "ended_at": None,
    }
    is_new = not Alarm.objects.unanswered().filter(org_id=org_id, kind=kind).exists()
    if is_new:
        told["raised_at"] = at
    alarm, _ = Alarm.objects.untrained().update_or_create(org_id=org_id, kind=kind, defaults=told)
    if is_new:
        audit.record(
            org_id=org_id,
            act=f"alarm.{kind.lower()}",
            subject=alarm.model_version,
            by="schedule",
            at=at,
            reason=words,
            evidence=alarm.evidence,
        )
    return alarm


def end_alarm(*, org_id: str, kind: str, at: datetime, seen_by: str | None = None) -> bool:
    """Notes that what the organisation's alarm of this kind was raised for is no more; False where none waits.

    With `seen_by`, only where the evidence that it tells holds this key: of two who watch, each ends what it saw.
    """
    waiting = Alarm.objects.unanswered().filter(org_id=org_id, kind=kind)
    if seen_by is not None:
        waiting = waiting.filter(evidence__has_key=seen_by)
    return bool(waiting.update(ended_at=at))


def answer(run: TrainingRun) -> int:
    """Marks what waits for an answer as answered by this run, whoever started it; how many there were."""
    return Alarm.objects.unanswered().filter(org_id=run.org_id).update(answered_by=run)
