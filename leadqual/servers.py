"""What PostgreSQL and Valkey have in common as servers of ours."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

from leadqual.places import CannotStart

START_SECONDS = 60


def package(name: str) -> Path:
    """Where a package lies, without importing it: we want its files, not its ways. Raises CannotStart."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The package {name} is not installed: run `make setup`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Waits for something to hold; whether it came to."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def tail(log: Path) -> str:
    """The last ten lines of a log; nothing where there is none."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:]) if log.exists() else ""
