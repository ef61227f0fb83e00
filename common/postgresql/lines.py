"""Lines to PostgreSQL that a process shares: for statements that are transactions of their own.

Django keeps a connection for each thread, so each server process behind them is asked now and then, and has lost its
caches by then. And it waits for each statement. A web process keeps a few lines beside those, for whichever of its
threads sends a statement next; and a thread may do something else while PostgreSQL is at work.
"""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any

import psycopg2
import psycopg2.extras
from psycopg2.extensions import POLL_OK, POLL_WRITE

from common.postgresql.overdue import GRACE_SECONDS

if TYPE_CHECKING:
    from common.postgresql.base import DatabaseWrapper


class Line:
    """A connection that is asked, and answers later: within `patience` seconds, if any. For one thread at a time.

    It leads to where that connection of Django's does, and reads values as it does.
    """

    def __init__(self, database: DatabaseWrapper, patience: float | None) -> None:
        self.prepared: set[str] = set()
        params = database.line_params()
        self._patience = params.get("connect_timeout")
        self._connection = psycopg2.connect(**params, async_=True)
        self._wait()
        self._patience = patience
        # As Django's PostgreSQL backend does with its own: fields read JSON by themselves, times are in UTC.
        psycopg2.extras.register_default_jsonb(conn_or_curs=self._connection, loads=lambda text: text)
        self._cursor = self._connection.cursor()
        self._cursor.tzinfo_factory = database.tzinfo_factory
        self._since = time.monotonic()

    def ask(self, statement: str, values: Any) -> None:
        """Sends a statement, as soon as the one before has been answered. Raises the driver's errors."""
        self._wait()
        self._cursor.execute(statement, values)

    def answered(self) -> list[tuple[Any, ...]]:
        """Waits for what the last statement finds. Raises the driver's errors."""
        self._wait()
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def stands(self, max_age: float | None) -> bool:
        """Whether it is open and no older, and its server has not said farewell since the last answer."""
        if self._connection.closed or (max_age is not None and time.monotonic() - self._since > max_age):
            return False
        return not self._ready(select.POLLIN, 0)

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()

    def _wait(self) -> None:
        while (state := self._connection.poll()) != POLL_OK:
            if not self._ready(select.POLLOUT if state == POLL_WRITE else select.POLLIN, self._patience):
                self.close()
                raise psycopg2.OperationalError("the server does not answer")

    def _ready(self, event: int, seconds: float | None) -> bool:
        watched = select.poll()
        watched.register(self._connection.fileno(), event)
        return bool(watched.poll(None if seconds is None else 1000 * seconds))


class Offer:
    """A few lines, for whoever needs one. What was used last is given next: its server process is warm."""

    def __init__(self) -> None:
        # Taken from the end, and put back there. None, or a line that has closed: one is made when it is needed.
        self._places: list[Line | None] = []
        self._patience: float | None = None

    def make(self, lines: int, statement_seconds: float) -> None:
        """From now on, this process keeps so many, on which statements take no longer (0: as long as they like).

        After it was forked.
        """
        self._places = [None] * lines
        self._patience = statement_seconds + GRACE_SECONDS if statement_seconds else None

    def withdraw(self) -> None:
        """No longer."""
        kept, self._places = self._places, []
        for line in kept:
            if line is not None:
                line.close()

    def take(self, database: DatabaseWrapper) -> Line | None:
        """A line to where that connection leads; None where none is offered, or all are taken.

        None, too, where it would be seen that another connection was used: within a transaction, or where statements
        are being watched. Lines are kept as long as connections (CONN_MAX_AGE); where these are not, there are none.
        """
        if not self._places or not _fit(database):
            return None
        try:
            line = self._places.pop()
        except IndexError:  # another thread was faster
            return None
        if line is not None and line.stands(database.settings_dict["CONN_MAX_AGE"]):
            return line
        if line is not None:
            line.close()
        try:
            return Line(database, self._patience)
        except psycopg2.Error:  # who cannot have it asks on a connection, and is told why
            self._places.append(None)
            return None

    def put_back(self, line: Line) -> None:
        """Gives a line that was taken to whoever is next; a closed one, too."""
        self._places.append(line)


def _fit(database: DatabaseWrapper) -> bool:
    return not (database.in_atomic_block or database.queries_logged or database.settings_dict["CONN_MAX_AGE"] == 0)


OFFER = Offer()
