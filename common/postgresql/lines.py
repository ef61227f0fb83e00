"""A few connections ("lines") to PostgreSQL that the threads of a web process share, for single statements.

Django keeps a connection for each thread. So each of the many server processes behind them is asked only now and then,
and has lost its caches by then; and a thread waits while its statement runs. A process keeps a few lines beside those
connections. Whichever of its threads sends a statement next takes one, and may do other work until the answer is there.
Each statement is a transaction of its own.
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
    """An asynchronous connection, used by one thread at a time: to the database of that connection of Django's.

    It reads values as Django's does. A statement that is not answered within `patience` seconds (None: no limit) closes
    it.
    """

    def __init__(self, database: DatabaseWrapper, patience: float | None) -> None:
        self.prepared: set[str] = set()
        params = database.line_params()
        self._patience = params.get("connect_timeout")
        self._connection = psycopg2.connect(**params, async_=True)
        self._wait()
        self._patience = patience
        # As Django's PostgreSQL backend has its own connections: JSON is left to the model's field, times are in UTC.
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
        """Whether it is open, not older than `max_age` seconds, and not ended by the server since the last answer."""
        if self._connection.closed or (max_age is not None and time.monotonic() - self._since > max_age):
            return False
        return not self._ready(select.POLLIN, 0)

    def close(self) -> None:
        """Closes the connection."""
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
    """The lines of a process. The one used last is given next: its server process has warm caches."""

    def __init__(self) -> None:
        # A stack: lines are taken from its end, and put back there. None or a closed line is replaced when needed.
        self._places: list[Line | None] = []
        self._patience: float | None = None

    def make(self, lines: int, statement_seconds: float) -> None:
        """Keeps so many lines from now on, for statements of at most `statement_seconds` (0: no limit).

        To be called after the process was forked.
        """
        self._places = [None] * lines
        self._patience = statement_seconds + GRACE_SECONDS if statement_seconds else None

    def withdraw(self) -> None:
        """Closes all lines and offers none from now on."""
        kept, self._places = self._places, []
        for line in kept:
            if line is not None:
                line.close()

    def take(self, database: DatabaseWrapper) -> Line | None:
        """A line to the database of that connection of Django's; None where none is free or none must be used.

        None must be used within a transaction, whose writes another connection does not see, nor where statements are
        being watched. Lines live as long as Django's connections (CONN_MAX_AGE); where these are not kept, there are no
        lines.
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
        """Returns a line that was taken, closed or not, for the next who asks."""
        self._places.append(line)


def _fit(database: DatabaseWrapper) -> bool:
    return not (database.in_atomic_block or database.queries_logged or database.settings_dict["CONN_MAX_AGE"] == 0)


OFFER = Offer()
