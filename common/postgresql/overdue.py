"""Gives up a PostgreSQL that has frozen: its own limit on statements is no help there, nor are the network's time-outs.

A thread looks each second at the calls of the driver that are under way in this process. One that has taken longer than
a statement may, and a while more, has its line cut; the driver then says that the server is away, and the door answers
503.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

from django.db.backends.postgresql.base import DatabaseWrapper

GRACE_SECONDS = 5.0
"""A server that lives says within this that it has stopped a statement."""

_under_way: dict[int, tuple[float, DatabaseWrapper]] = {}
"""By thread: since when it has been waiting for the driver, and on which connection."""


def begins(database: DatabaseWrapper) -> None:
    """This thread calls the driver now."""
    _under_way[threading.get_ident()] = (time.monotonic(), database)


def ends() -> None:
    """The driver has answered it."""
    _under_way.pop(threading.get_ident(), None)


def watch(statement_seconds: float) -> None:
    """From now on, cuts the lines of calls that take longer; 0: never. Once a process, after it was forked."""
    if not statement_seconds:
        return
    limit = statement_seconds + GRACE_SECONDS
    threading.Thread(target=_watch, args=(limit,), name="overdue", daemon=True).start()


def _watch(limit: float) -> None:
    while True:
        time.sleep(1.0)
        for thread, call in list(_under_way.items()):
            since, database = call
            if time.monotonic() - since > limit and _under_way.get(thread) is call:
                _cut(database)


def _cut(database: DatabaseWrapper) -> None:
    # The connection may have closed meanwhile, or not be open yet: then there is nothing to cut.
    gone = (OSError, AttributeError, database.Database.Error)
    with contextlib.suppress(*gone), socket.socket(fileno=os.dup(database.connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
