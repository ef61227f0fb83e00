"""Django's PostgreSQL backend, which sees without a round trip whether a kept connection is still open.

It also knows which statements each connection has prepared (`common.prepared`).
"""

from __future__ import annotations

import select
from typing import Any

import psycopg2
import psycopg2.errorcodes
from django.conf import settings
from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from common.postgresql import overdue

READ_ONLY = psycopg2.errorcodes.READ_ONLY_SQL_TRANSACTION


class SaysWhatIsAway(DatabaseErrorWrapper):
    """Django's translation of the driver's errors, in which a server that is away is always an OperationalError.

    Where a server dies while it answers, psycopg2 says no more than DatabaseError; of one that may not be written to (a
    standby, or a full disk that somebody protects) it says InternalError. Both mean: later.
    """

    def __enter__(self) -> None:
        """Notes since when the driver is at work."""
        overdue.begins(self.wrapper)  # type: ignore[attr-defined]

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        """Raises Django's error for the driver's."""
        overdue.ends()
        if exc_type is psycopg2.DatabaseError or getattr(exc_value, "pgcode", None) == READ_ONLY:
            self.wrapper.errors_occurred = True  # type: ignore[attr-defined]
            raise OperationalError(*exc_value.args).with_traceback(traceback) from exc_value
        super().__exit__(exc_type, exc_value, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    """Before each request Django asks a kept connection whether it is usable, with a statement of its own.

    A server that has gone, or has ended the session, leaves something to read on the socket (its last words, or the
    end). Looking there costs microseconds. What it cannot see, a machine that vanished without a word, a statement
    would wait for as well.
    """

    prepared: set[str]
    """Names of the statements that the server has planned for this connection (`common.prepared`)."""

    @cached_property
    def wrap_database_errors(self) -> SaysWhatIsAway:
        """Django's hook: what every call of the driver is made within."""
        return SaysWhatIsAway(self)

    health_check_done: bool
    """Django's own: whether the connection has been looked at in this request."""
    _kept_cursor: CursorWrapper | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection on which nothing is prepared; what will be is planned once, not for each set of values."""
        self.prepared, self._kept_cursor = set(), None
        return super().get_new_connection(_with_options(conn_params))

    def line_params(self) -> dict[str, Any]:
        """The parameters of a line (`common.postgresql.lines`) to the same database."""
        params = self.get_connection_params()
        return _with_options(params | {"options": f"{params.get('options', '')} -c TimeZone={self.timezone_name}"})

    def quick_cursor(self) -> CursorWrapper:
        """A cursor for a statement whose rows are read at once, before another is sent.

        One is kept: for a short statement, making a cursor takes Django longer than all else. Not where the connection
        has not been looked at in this request, nor where statements are being watched.
        """
        if self.connection is None or not self.health_check_done or self.queries_logged:
            return self.cursor()
        if self._kept_cursor is None:
            self._kept_cursor = self.cursor()
        return self._kept_cursor

    def is_usable(self) -> bool:
        """Whether the connection is open and its server has not said farewell."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)


def _with_options(conn_params: dict[str, Any]) -> dict[str, Any]:
    options = [conn_params.get("options", "")]
    if settings.DATABASE_PREPARED:
        options.append("-c plan_cache_mode=force_generic_plan")
    if settings.DATABASE_STATEMENT_SECONDS:
        options.append(f"-c statement_timeout={settings.DATABASE_STATEMENT_SECONDS * 1000:.0f}")
    return conn_params | {"options": " ".join(options).strip()}
