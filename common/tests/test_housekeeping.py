"""What has had its time does not stay for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from common.tasks import forget_old_idempotency_keys


@pytest.mark.django_db
def test_sessions_that_have_ended_by_themselves_are_dropped_and_others_are_not() -> None:
    ended, lasting = SessionStore(), SessionStore()
    for session in (ended, lasting):
        session.create()
    Session.objects.filter(pk=ended.session_key).update(expire_date=timezone.now() - timedelta(minutes=1))
    forget_old_idempotency_keys()
    assert [session.pk for session in Session.objects.all()] == [lasting.session_key]
