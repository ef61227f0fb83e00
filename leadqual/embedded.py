"""PostgreSQL and Valkey of our own, where no address of others is set: started for the first who needs them, stopped
after the last.

They are the same engines as in a cluster, so nothing has a second code path. Who uses them holds a shared lock on a
file; the system drops it even where a process is killed, so the count is always right.
`python -m leadqual.embedded start|stop|status|clean` by hand.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from leadqual import postgres, valkey
from leadqual.places import OURS, CannotStart, figures, home, lock_file, secret_key, sockets, var_dir

__all__ = ["CannotStart", "broker_url", "database_url", "redis_url", "running", "secret_key", "var_dir", "wanted"]

database_url = postgres.url
redis_url = valkey.url
broker_url = valkey.broker_url


def wanted() -> tuple[bool, bool]:
    """Whether PostgreSQL, and whether Valkey, is ours to start."""
    return not _is_named("DATABASE_URL"), not _is_named("REDIS_URL")


def _is_named(setting: str) -> bool:
    return bool(os.environ.get(setting) or os.environ.get(f"{setting}_FILE"))


@contextlib.contextmanager
def running(*, fsync: bool = True) -> Iterator[None]:
    """What is ours runs for as long as the block does. The last of several users, in whatever process, stops it."""
    if not any(wanted()):
        yield
        return
    use = _join(fsync=fsync)
    try:
        yield
    finally:
        _leave(use)


def _join(*, fsync: bool) -> IO[str]:
    with _alone():
        use = lock_file("users")
        fcntl.flock(use, fcntl.LOCK_SH)
        try:
            _start(fsync=fsync)
        except BaseException:
            use.close()
            raise
    return use


def _leave(use: IO[str]) -> None:
    with _alone():
        use.close()
        if not _kept().exists():
            with contextlib.suppress(BlockingIOError), _nobody_else():
                _stop()


def start() -> None:
    """Starts what is ours until `stop`, whoever else uses it meanwhile."""
    with _alone():
        _start(fsync=True)
        _kept().touch()


def stop() -> None:
    """Stops what is ours. Raises CannotStart where somebody uses it."""
    with _alone(), _refused_while_used(), _nobody_else():
        _kept().unlink(missing_ok=True)
        _stop()


def clean() -> None:
    """Forgets all data, secrets and accounts in `var/`. Raises CannotStart while they are in use."""
    with _alone(), _refused_while_used(), _nobody_else():
        _stop()
        for folder in {home(), var_dir()}:
            for path in (path for pattern in OURS for path in folder.glob(pattern)):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for folder in (sockets(), figures()):
            shutil.rmtree(folder, ignore_errors=True)


def status() -> str:
    """What runs, in words."""
    words = {True: "runs", False: "does not run"}
    return f"PostgreSQL {words[postgres.runs()]}, Valkey {words[valkey.runs()]}; data in {home()}"


def _start(*, fsync: bool) -> None:
    with_postgres, with_valkey = wanted()
    if with_postgres:
        postgres.start(fsync=fsync)
    if with_valkey:
        valkey.start()


def _stop() -> None:
    valkey.stop()
    postgres.stop()


def _kept() -> Path:
    """A mark that the servers were started by hand, to stay."""
    return var_dir() / "servers.kept"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One process at a time starts, stops and counts."""
    with lock_file("servers") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _nobody_else() -> Iterator[None]:
    """Raises BlockingIOError where somebody uses the servers."""
    with lock_file("users") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def _refused_while_used() -> Iterator[None]:
    try:
        yield
    except BlockingIOError:
        raise CannotStart(
            "leadqual is running on these data: stop that first (Ctrl-C where `make run` was given)."
        ) from None


def main(arguments: list[str]) -> int:
    """`python -m leadqual.embedded ACT`; 0 where it was done."""
    acts: dict[str, Callable[[], object]] = {
        "start": start,
        "stop": stop,
        "clean": clean,
        "status": lambda: print(status()),
    }
    if len(arguments) != 1 or arguments[0] not in acts:
        print(f"usage: python -m leadqual.embedded {'|'.join(acts)}", file=sys.stderr)
        return 2
    try:
        acts[arguments[0]]()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
