"""Django's PostgreSQL backend, which finds out without a round trip whether a kept connection still stands."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Before each request Django asks a kept connection whether it is usable, with a statement of its own.

    A server that has gone, or has ended the session, leaves something to read on the socket (its last words, or the
    end). Looking there costs microseconds. What it cannot see, a machine that vanished without a word, a statement
    would wait for as well.
    """

    def is_usable(self) -> bool:
        """Whether the connection is open and its server has not said farewell."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
