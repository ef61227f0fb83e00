"""What workers do in this room."""

import structlog
from celery import shared_task
from django.utils import timezone

from common.errors import Conflict
from common.one_by_one import for_each
from leads.models import Dossier
from models_registry import triggers
from models_registry.archiving import archive_old
from models_registry.models import Policy, TrainingRun, Trigger
from models_registry.training import TRAIN_TASK, TooFewRecords, execute, start_training

NOT_STARTED = "training_not_started"
log = structlog.get_logger(__name__)


@shared_task
def train(run_id: str) -> None:
    """Does one queued run."""
    execute(TrainingRun.objects.get(pk=run_id))


@shared_task
def train_scheduled() -> None:
    """The schedule: a run for every organisation that wants it, has enough to learn from, and none under way."""
    unwilling = Policy.objects.filter(schedule=False).values("org_id")
    willing = Dossier.objects.exclude(org_id__in=unwilling)
    organisations = willing.order_by("org_id").values_list("org_id", flat=True).distinct()
    for_each(organisations, _train_by_schedule, failure=NOT_STARTED)


def _train_by_schedule(org_id: str) -> None:
    try:
        start_training(org_id=org_id, by="schedule", trigger=Trigger.SCHEDULE, because="The schedule's time came.")
    except (TooFewRecords, Conflict) as reason:
        log.info(NOT_STARTED, org_id=org_id, reason=str(reason))


@shared_task
def train_where_triggered() -> None:
    """Starts what the organisations' policies ask for now."""
    for_each(
        triggers.organisations(),
        lambda org_id: triggers.train_where_due(org_id=org_id, at=timezone.now()),
        failure=NOT_STARTED,
    )


@shared_task
def archive_old_versions() -> int:
    """Drops the artefacts of versions past their time; the cards stay."""
    return archive_old(at=timezone.now())


@shared_task
def retire_dead_runs() -> int:
    """Fails the runs whose worker has gone, so that training can be asked for again; how many there were.

    Those that no worker has heard of are queued again.
    """
    now = timezone.now()
    TrainingRun.objects.send_again(TRAIN_TASK, at=now)
    return int(TrainingRun.objects.retire_dead(at=now))
