"""Ends a process when the one that started it has ended, even where that was killed and could not say so.

The starter holds an exclusive lock on a file; a thread here waits for it. The system drops locks with their process.
`python -m leadqual.lifeline MODULE ARGUMENTS...` runs a module so, with the lock's file in LEADQUAL_LIFELINE.
"""

from __future__ import annotations

import fcntl
import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import IO


def hold(path: Path) -> IO[str] | None:
    """Takes the lock and, for the processes that are started from now on, names it; None where another has it.

    A record lock, which a forked child does not inherit: it would keep it alive.
    """
    file = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    os.environ["LEADQUAL_LIFELINE"] = str(path)
    return file


def _follow(path: str) -> None:
    with open(path) as file:
        fcntl.lockf(file, fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Runs the module that the arguments name, for as long as the lock is held."""
    threading.Thread(target=_follow, args=(os.environ["LEADQUAL_LIFELINE"],), daemon=True, name="lifeline").start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
