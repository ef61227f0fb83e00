"""What workers do in this room."""

from collections.abc import Callable, Iterable

import structlog
from celery import shared_task
from django.utils import timezone

from common.answers import DEPENDENCY_ERRORS
from common.errors import Conflict
from leads.models import Dossier
from models_registry import triggers
from models_registry.archiving import archive_old
from models_registry.models import Policy, TrainingRun, Trigger
from models_registry.training import TRAIN_TASK, TooFewRecords, execute, start_training

log = structlog.get_logger(__name__)


class NotStarted(RuntimeError):
    """Whether to train could not be settled for some organisations, which the log says why; for the others it was."""


@shared_task
def train(run_id: str) -> None:
    """Does one queued run."""
    execute(TrainingRun.objects.get(pk=run_id))


@shared_task
def train_scheduled() -> None:
    """The schedule: a run for every organisation that wants it, has enough to learn from, and none under way."""
    unwilling = Policy.objects.filter(schedule=False).values("org_id")
    willing = Dossier.objects.exclude(org_id__in=unwilling)
    _each(willing.order_by("org_id").values_list("org_id", flat=True).distinct(), _train_by_schedule)


def _train_by_schedule(org_id: str) -> None:
    try:
        start_training(org_id=org_id, by="schedule", trigger=Trigger.SCHEDULE, because="The schedule's time came.")
    except (TooFewRecords, Conflict) as reason:
        log.info("training_not_started", org_id=org_id, reason=str(reason))


@shared_task
def train_where_triggered() -> None:
    """Starts what the organisations' policies ask for now."""
    _each(triggers.organisations(), lambda org_id: triggers.train_where_due(org_id=org_id, at=timezone.now()))


def _each(organisations: Iterable[str], act: Callable[[str], object]) -> None:
    """Does it for each; an error of one keeps none of the others waiting, and is told at the end.

    A server that is away ends it at once.
    """
    failed = []
    for org_id in organisations:
        try:
            act(org_id)
        except DEPENDENCY_ERRORS:
            raise
        except Exception:
            log.exception("training_not_started", org_id=org_id)
            failed.append(org_id)
    if failed:
        raise NotStarted(failed)


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
