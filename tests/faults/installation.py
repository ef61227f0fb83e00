"""An installation of its own, whole: PostgreSQL, Valkey, web server, worker and beat, to be killed part by part."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psutil

from tests.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 180.0
HEARTBEAT_SECONDS = 8
"""A quarter of what is usual, so that a hundred kills do not take a day."""


class Failed(AssertionError):
    """Something that must hold did not."""


class Installation:
    """What runs. It restarts what was killed, as systemd or an orchestrator would, and nothing else."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.address = f"http://127.0.0.1:{port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Starts web, worker or beat."""
        from leadqual.run import ENVIRONMENT, commands

        with (self.var / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                commands()[name],
                env=dict(os.environ) | ENVIRONMENT | {"PORT": str(self.port)},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        """Ends all of them, kindly first."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def children(self, name: str) -> list[psutil.Process]:
        """The processes that do its work."""
        return list(psutil.Process(self.processes[name].pid).children())

    def kill(self, name: str) -> None:
        """Ends web, worker or beat without a word."""
        self.processes[name].kill()
        self.processes[name].wait()

    def assert_nobody_left(self) -> None:
        """Nothing that we did not kill has ended. Raises Failed."""
        gone = [name for name, process in self.processes.items() if process.poll() is not None]
        if gone:
            raise Failed(f"{gone[0]} ended by itself:\n{self.log_of(gone[0])}")

    def log_of(self, name: str) -> str:
        """The last lines that it wrote."""
        lines = (self.var / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(line[:400] for line in lines[-10:])

    def until_healthy(self) -> float:
        """Seconds until `/health` finds everything up. Raises Failed."""
        return self.until(lambda: answers_200(f"{self.address}/health"), "/health finds everything up")

    def until(self, holds: Callable[[], bool], words: str) -> float:
        """Seconds until something holds. Raises Failed where it takes too long, or a process ends meanwhile."""
        began = time.monotonic()
        while not holds():
            self.assert_nobody_left()
            if time.monotonic() > began + READY_SECONDS:
                raise Failed(f"not within {READY_SECONDS:g} s: {words}\n{self.log_of('web')}\n{self.log_of('worker')}")
            time.sleep(0.1)
        return time.monotonic() - began


@contextlib.contextmanager
def installed(var: Path) -> Iterator[Installation]:
    """An installation in the folder `var`, with a model and leads, while the block runs.

    Its commits are waited for: this is about what was answered, and a server that is killed must have kept it.
    """
    from leadqual import embedded, lifeline

    held = lifeline.hold(var / "session.lock")
    if held is None:
        raise Failed(f"{var} is in use")
    with held, embedded.running():
        _prepare()
        installation = Installation(var, free_port())
        try:
            for name in ("web", "worker", "beat"):
                installation.start(name)
            installation.until_healthy()
            yield installation
        finally:
            installation.stop()


def settle_in(var: Path) -> None:
    """Points everything that reads settings, here and in children, to that folder. Before Django is set up."""
    var.mkdir(parents=True, exist_ok=True)
    var.chmod(0o755)  # where root has a private folder, PostgreSQL's user would need another
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    (var / "prometheus").mkdir(exist_ok=True)
    os.environ |= {
        "LEADQUAL_VAR": str(var),
        "DJANGO_SETTINGS_MODULE": "leadqual.settings",
        "LEADQUAL_LOG_LEVEL": "WARNING",
        "LEADQUAL_LOG_FORMAT": "json",
        "PROMETHEUS_MULTIPROC_DIR": str(var / "prometheus"),
        "ML_HEARTBEAT_TIMEOUT_SECONDS": str(HEARTBEAT_SECONDS),
        "SCORE_CHUNK_SIZE": "200",
    }
    for limit in ("REQUESTS", "PREDICTIONS", "BATCH_ITEMS"):
        os.environ[f"RATE_LIMIT_{limit}"] = "1000000/second"


def _prepare() -> None:
    for arguments in (
        ["manage.py", "migrate", "-v0"],
        ["manage.py", "demo_data", "--leads", "1500", "--months", "6", "-v0"],
        *[["manage.py", "train_model", "--algorithm", "logistic_regression"]] * 2,
    ):
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, text=True, capture_output=True, check=False)
        if done.returncode:
            raise Failed(f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")


def answers_200(address: str) -> bool:
    """Whether a GET is answered so."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def postmaster(var: Path) -> int:
    """The process of PostgreSQL that starts the others."""
    from leadqual.places import home

    return int((home() / "postgres" / "postmaster.pid").read_text().split()[0])


def kill_postgres(installation: Installation, chance: Random) -> None:
    """Ends the whole server without a word; what was committed is on disk, or in the system's hands."""
    os.kill(postmaster(installation.var), signal.SIGKILL)


def kill_a_session(installation: Installation, chance: Random) -> None:
    """Ends one session's process: PostgreSQL then ends all others and recovers by itself."""
    sessions = psutil.Process(postmaster(installation.var)).children()
    busy = [each for each in sessions if "leadqual" in " ".join(each.cmdline())]
    chance.choice(busy or sessions).kill()


def start_postgres(installation: Installation) -> None:
    """What its supervisor would do."""
    from leadqual import postgres

    postgres.start()


def kill_valkey(installation: Installation, chance: Random) -> None:
    """Ends it without a word; of what was queued, the last second may be lost."""
    from leadqual.places import home

    os.kill(int((home() / "valkey" / "pid").read_text()), signal.SIGKILL)


def start_valkey(installation: Installation) -> None:
    """What its supervisor would do."""
    from leadqual import valkey

    valkey.start()
