"""The web server's hooks."""

from typing import Any


def child_exit(server: Any, worker: Any) -> None:
    """Lets the metrics of a worker that has ended be counted once more and no longer."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
