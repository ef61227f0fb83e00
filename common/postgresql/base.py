"""Django's PostgreSQL backend, which knows without a round trip whether a kept connection stands, and what it has
prepared."""

from __future__ import annotations

import select
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Before each request Django asks a kept connection whether it is usable, with a statement of its own.

    A server that has gone, or has ended the session, leaves something to read on the socket (its last words, or the
    end). Looking there costs microseconds. What it cannot see, a machine that vanished without a word, a statement
    would wait for as well.
    """

    prepared: set[str]
    """Names of the statements that the server has planned for this connection (`common.prepared`)."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection on which nothing is prepared; what will be is planned once, not for each set of values."""
        self.prepared = set()
        if settings.DATABASE_PREPARED:
            options = conn_params.get("options", "")
            conn_params = conn_params | {"options": f"{options} -c plan_cache_mode=force_generic_plan".strip()}
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Whether the connection is open and its server has not said farewell."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
