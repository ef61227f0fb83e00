"""A line to PostgreSQL whose statements nobody has to stand by for: the thread does something else meanwhile.

Django's connections wait for each statement. A process that is offered a line of this kind keeps one, beside those of
its threads, for one statement at a time that is a transaction of its own.
"""

from __future__ import annotations

import contextlib
import select
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_WRITE

from common.postgresql.overdue import GRACE_SECONDS

if TYPE_CHECKING:
    from common.postgresql.base import DatabaseWrapper


class Line:
    """A connection that is asked, and answers later: within `patience` seconds, if any. For one thread at a time."""

    def __init__(self, params: dict[str, Any], patience: float | None) -> None:
        self.prepared: set[str] = set()
        self._patience = patience
        self._connection = psycopg2.connect(**params, async_=True)
        self._wait()
        self._cursor = self._connection.cursor()

    def ask(self, statement: str, values: Any) -> None:
        """Sends a statement, as soon as the one before has been answered. Raises the driver's errors."""
        self._wait()
        self._cursor.execute(statement, values)

    def answered(self) -> list[tuple[Any, ...]]:
        """Waits for what the last statement finds. Raises the driver's errors."""
        self._wait()
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def stands(self) -> bool:
        """Whether it is open, and its server has not said farewell since the last answer."""
        return not self._connection.closed and not self._ready(select.POLLIN, 0)

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
    """At most one line, for whoever needs it first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._is_made, self._patience = False, None  # type: tuple[bool, float | None]

    def make(self, statement_seconds: float) -> None:
        """From now on, this process keeps a line, on which statements take no longer (0: as long as they like).

        After it was forked.
        """
        self._is_made = True
        self._patience = statement_seconds + GRACE_SECONDS if statement_seconds else None

    def withdraw(self) -> None:
        """No longer."""
        with self._lock:
            self._is_made = False
            self._hang_up()

    @contextlib.contextmanager
    def taken(self, database: DatabaseWrapper) -> Iterator[Line | None]:
        """The line to where that connection leads; None where none is offered or it is taken.

        None, too, where it would be seen that another connection was used: within a transaction, or where statements
        are being watched. After an error there is a new one.
        """
        is_fit = self._is_made and not database.in_atomic_block and not database.queries_logged
        if not is_fit or not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            yield self._standing(database)
        except BaseException:
            self._hang_up()
            raise
        finally:
            self._lock.release()

    def _standing(self, database: DatabaseWrapper) -> Line | None:
        if self._line is None or not self._line.stands():
            self._hang_up()
            with contextlib.suppress(psycopg2.Error):  # who cannot have it waits on a connection, and is told why
                self._line = Line(database.line_params(), self._patience)
        return self._line

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None


OFFER = Offer()
