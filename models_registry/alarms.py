"""Alarms of the active version: raised by whoever watches it, answered by training."""

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

    `kind` is of AlarmKind.
    """
    active = ModelVersion.objects.of(org_id).active().first()
    told = {"model_version": active.version if active else "", "words": words, "evidence": dict(evidence)}
    alarm, is_new = Alarm.objects.unanswered().update_or_create(
        org_id=org_id, kind=kind, defaults=told, create_defaults=told | {"raised_at": at}
    )
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


def answer(run: TrainingRun) -> int:
    """Marks what waits for an answer as answered by this run, whoever started it; how many there were."""
    return Alarm.objects.unanswered().filter(org_id=run.org_id).update(answered_by=run)
