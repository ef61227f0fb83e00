"""What workers do in this room."""

from celery import shared_task
from django.utils import timezone

from experiments.watching import watch


@shared_task
def watch_experiments() -> int:
    """Hourly: sums up days, closes full experiments, stops those whose guardrail is breached."""
    return watch(at=timezone.now())
