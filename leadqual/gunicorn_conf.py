"""The web server as it runs everywhere: under `make run`, in the image, in tests and benchmarks."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

from leadqual.environment import Environment
from leadqual.places import in_address

env = Environment()
bind = f"{in_address(os.environ.get('LEADQUAL_HOST') or '127.0.0.1')}:{os.environ.get('PORT') or 8000}"
# One process a core. Callers who are in the same one at the same time are answered together (common/together.py), so
# threads are many; and where most callers happen to be in one process, it answers them for less.
workers = env.whole("WEB_WORKERS", 2, least=1)
threads = env.whole("WEB_THREADS", 16, least=1)
worker_class = "leadqual.web_worker.PatientWorker"
logger_class = "leadqual.web_log.ServerLog"
limit_request_line = 8190  # the most that gunicorn allows: what is longer is answered 414 (long_addresses.py)
preload_app = True  # read once, shared by the workers
control_socket_disable = True  # nobody asks it, and it would stand in the home folder
# A worker's signs of life are written to memory, where there is such a place: no slow disk must count as death.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn makes files of its own there
worker_tmp_dir = str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None

LINES = 2  # to PostgreSQL, shared by a process's threads: with one, or four, a prediction takes more of the processor

# However slow or locked the database is, a request is answered (503).
os.environ.setdefault("DATABASE_STATEMENT_SECONDS", "20")

# A request is scored in the thread that serves it; more threads are for jobs.
for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


def pre_fork(server: Any, worker: Any) -> None:
    """What is loaded by now stays for good: collections need not look at it, nor copy its pages."""
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """A database that has frozen must not hold requests either; and lines to it are kept that all threads share."""
    from common.postgresql import lines, overdue

    statement_seconds = float(os.environ["DATABASE_STATEMENT_SECONDS"])
    overdue.watch(statement_seconds)
    lines.OFFER.make(LINES, statement_seconds)


def child_exit(server: Any, worker: Any) -> None:
    """Lets the metrics of a worker that has ended be counted once more and no longer."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
