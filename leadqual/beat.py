"""When beat hands out a task: by its schedule, also after the clock was set back.

django-celery-beat counts from when a task ran last. Where that lies in what is now the future, the task would wait for
it to come: after an hour the wrong way nobody would look for dead jobs for an hour, after a year for a year.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from celery.schedules import schedstate
from django_celery_beat.schedulers import SCHEDULE_SYNC_MAX_INTERVAL, DatabaseScheduler, ModelEntry

READ_EVERY = timedelta(seconds=SCHEDULE_SYNC_MAX_INTERVAL)
"""So often beat reads the schedules, of all those that may be due soon."""


class Entry(ModelEntry):  # type: ignore[misc]
    """One schedule."""

    last_run_at: datetime

    def is_due(self) -> schedstate:
        """Whether it is due, and when to ask again.

        One that ran in the future counts as having run before the schedules were last read: so none is passed over.
        """
        now = self._default_now()
        if self.last_run_at > now:
            self.last_run_at = now - READ_EVERY
        answer: schedstate = super().is_due()
        return answer


class Schedules(DatabaseScheduler):  # type: ignore[misc]
    """All of them."""

    Entry = Entry
    _last_full_sync: datetime | None

    @property
    def schedule(self) -> dict[str, ModelEntry]:
        """By their names; read anew where the last reading lies ahead, and with it all that was to come next."""
        now = datetime.now()  # noqa: DTZ005 - as django-celery-beat keeps it
        if self._last_full_sync is not None and self._last_full_sync > now:
            self._last_full_sync = now - READ_EVERY
        schedules: dict[str, ModelEntry] = super().schedule
        return schedules
