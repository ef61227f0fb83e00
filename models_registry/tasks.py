"""What workers do in this room."""

import structlog
from celery import shared_task
from django.utils import timezone

from common.errors import Conflict
from leads.models import Dossier
from models_registry.activation import archive_old
from models_registry.models import TrainingRun, Trigger
from models_registry.training import TooFewRecords, execute, start_training

log = structlog.get_logger(__name__)


@shared_task
def train(run_id: str) -> None:
    """Does one queued run."""
    execute(TrainingRun.objects.get(pk=run_id))


@shared_task
def train_scheduled() -> None:
    """The schedule: a run for every organisation that has enough to learn from and none under way."""
    for org_id in Dossier.objects.order_by("org_id").values_list("org_id", flat=True).distinct():
        try:
            start_training(org_id=org_id, by="schedule", trigger=Trigger.SCHEDULE)
        except (TooFewRecords, Conflict) as reason:
            log.info("training_not_started", org_id=org_id, reason=str(reason))


@shared_task
def archive_old_versions() -> int:
    """Drops the artefacts of versions past their time; the cards stay."""
    return archive_old(at=timezone.now())


@shared_task
def retire_dead_runs() -> int:
    """Fails the runs whose worker has gone, so that training can be asked for again."""
    return int(TrainingRun.objects.retire_dead(at=timezone.now()))
