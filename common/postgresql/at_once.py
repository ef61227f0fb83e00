"""Reading on several connections at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Job = TypeVar("Job")
Found = TypeVar("Found")


def at_once(read: Callable[[Job], Found], jobs: Sequence[Job], *, threads: int) -> list[Found]:
    """What each job reads, in their order, each on a connection of its own that is closed after it.

    One after the other, on this thread's connection, within a transaction: no other connection sees what it has
    written. The first error ends the work, and is raised.
    """
    if threads < 2 or len(jobs) < 2 or connection.in_atomic_block:
        return [read(job) for job in jobs]

    def read_apart(job: Job) -> Found:
        try:
            return read(job)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads, thread_name_prefix="reading") as pool:
        try:
            return list(pool.map(read_apart, jobs))
        finally:
            pool.shutdown(cancel_futures=True)
