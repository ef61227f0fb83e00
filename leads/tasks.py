"""What workers do in this room."""

from celery import shared_task
from django.utils import timezone

from leads import untold
from leads.importing.jobs import IMPORT_TASK, retire_dead, run_import_job
from leads.models import ImportJob


@shared_task
def import_file(job_id: str) -> None:
    """Does one queued import."""
    run_import_job(ImportJob.objects.get(pk=job_id))


@shared_task
def retire_dead_imports() -> int:
    """Fails the imports whose worker has gone, so that they can be sent again; how many there were.

    Those that no worker has heard of are queued again.
    """
    now = timezone.now()
    ImportJob.objects.send_again(IMPORT_TASK, at=now)
    return retire_dead(at=now)


@shared_task
def follow_untold_statuses() -> int:
    """Notes the statuses that a CRM has written into its own table, and settles the outcomes of their leads.

    How many leads there were.
    """
    return untold.follow_all(at=timezone.now())
