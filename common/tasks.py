"""What workers do in this room."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from common.idempotency import forget_old_keys


@shared_task
def forget_old_idempotency_keys() -> int:
    """Drops the keys past their time, and sessions of people that have ended by themselves."""
    SessionStore.clear_expired()
    return forget_old_keys(at=timezone.now())
