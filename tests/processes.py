"""Real processes on the test database: Celery workers and web servers that end with the test, or with the session.

What such a test writes must be seen by other processes, so its rows are committed; the migrations' own rows are
restored for it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

READY_SECONDS = 180  # on a machine that others use, too
ROOT = Path(__file__).resolve().parent.parent
CHILD = (sys.executable, "-m", "leadqual.lifeline")


class Process:
    """A running process; `log` is what it has written."""

    def __init__(
        self, name: str, folder: Path, command: list[str], environment: dict[str, str], code: Path = ROOT
    ) -> None:
        self.name, self.log_file = name, folder / f"{name}.log"
        with self.log_file.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=os.environ | environment,
                cwd=code,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_file.read_text(errors="replace")

    def wait_until(self, holds: Callable[[], object]) -> None:
        """Waits for something, as long as the process lives."""
        deadline = time.monotonic() + READY_SECONDS
        while not holds():
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"{self.name} is not ready:\n{self.log}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends it, kindly first."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Server(Process):
    """A web server; `address` is where it listens."""

    address: str


@pytest.fixture
def process_environment(transactional_db: None, django_db_serialized_rollback: None, tmp_path: Path) -> dict[str, str]:
    """What makes another process work on this test's database, broker and cache, unlimited."""
    from django.db import connection

    from leadqual import postgres

    metrics = tmp_path / "prometheus"
    metrics.mkdir()
    return {
        "DATABASE_URL": postgres.url(connection.settings_dict["NAME"]),
        "DATABASE_CONN_MAX_AGE": "0",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "REMAP_SIGTERM": "SIGQUIT",
        "LEADQUAL_LOG_FORMAT": "json",
        "LEADQUAL_LOG_LEVEL": "INFO",
        "RATE_LIMIT_REQUESTS": "1000000/second",
        "RATE_LIMIT_PREDICTIONS": "1000000/second",
        "PYTHONWARNINGS": "ignore:You're running the worker",
        "DJANGO_ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    }


@pytest.fixture
def celery_worker_process(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    """A Celery worker on the test database, ready for tasks; what earlier tests have queued is forgotten."""
    from celery import current_app

    from leadqual import health

    current_app.control.purge()
    command = [*CHILD, "celery", "--quiet", "-A", "leadqual", "worker", "--concurrency", "1", "--without-gossip"]
    worker = Process("worker", tmp_path, [*command, "--without-mingle", "--loglevel", "INFO"], process_environment)
    try:
        worker.wait_until(lambda: health.workers().state == health.UP)
        yield worker
    finally:
        worker.stop()


@pytest.fixture
def server_processes(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[int], list[Server]]]:
    """Called with a number, starts as many web servers on the test database, each with several processes."""
    started: list[Server] = []

    def start(number: int) -> list[Server]:
        new = [_begin_server(f"server-{len(started) + i}", tmp_path, process_environment) for i in range(number)]
        started.extend(new)
        for server in new:
            server.wait_until(lambda server=server: _answers(f"{server.address}/health/live"))
        return new

    try:
        yield start
    finally:
        for server in started:
            server.stop()


def _begin_server(name: str, folder: Path, environment: dict[str, str]) -> Server:
    port = free_port()
    command = [*CHILD, "gunicorn", "leadqual.wsgi:application", "--config", "python:leadqual.gunicorn_conf"]
    server = Server(name, folder, [*command, "--graceful-timeout", "3"], environment | {"PORT": str(port)})
    server.address = f"http://127.0.0.1:{port}"
    return server


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
