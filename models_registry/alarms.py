"""Alarms of the active version: raised by whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common import audit
from models_registry.models import ModelVersion


def raise_alarm(*, org_id: str, kind: str, words: str, evidence: Mapping[str, Any], at: datetime) -> None:
    """Writes an alarm down, of the kind DRIFT or CALIBRATION."""
    active = ModelVersion.objects.of(org_id).active().first()
    audit.record(
        org_id=org_id,
        act=f"alarm.{kind.lower()}",
        subject=active.version if active else "",
        by="schedule",
        at=at,
        reason=words,
        evidence=dict(evidence),
    )
