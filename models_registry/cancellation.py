"""Giving up a training run that is under way."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from common import audit, chained
from models_registry.models import TrainingRun


@transaction.atomic
def cancel_training(*, run: TrainingRun, by: str, at: datetime) -> bool:
    """Cancels the run; its worker stops at its next report and changes nothing. False where it had ended already."""
    # Locked first, in the order of a worker that registers its version: the other way round they would deadlock.
    chained.lock(run.org_id)
    if not run.cancel():
        return False
    audit.record(org_id=run.org_id, act="training.cancel", subject=str(run.pk), by=by, at=at)
    return True
