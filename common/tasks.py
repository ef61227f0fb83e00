"""What workers do in this room."""

from celery import shared_task
from django.utils import timezone

from common.idempotency import forget_old_keys


@shared_task
def forget_old_idempotency_keys() -> int:
    """Drops the keys past their time."""
    return forget_old_keys(at=timezone.now())
