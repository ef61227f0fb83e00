"""`make run`: everything that leadqual needs, under one supervisor, until Ctrl-C.

Starts the embedded servers, prepares what they hold, then runs web server, worker and beat with honcho. When one of
them ends, or we are told to end, or our own end comes without a word, all end.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from honcho.manager import Manager

from leadqual import embedded, lifeline
from leadqual.places import CannotStart, figures, in_address, kept_secret, var_dir
from leadqual.prepare import ACCOUNTS, KEPT_AS

READY_SECONDS = 120
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Hosts that mean every address of this machine, and where each is asked."""
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENVIRONMENT = {
    "REMAP_SIGTERM": "SIGQUIT",  # a task cut short by the end goes back to the queue
    "PYTHONWARNINGS": "ignore:You're running the worker",  # as root; only JSON is accepted, no pickles
}
THEIR_OWN = "with the passwords that came with the data; LEADQUAL_DEMO_PASSWORD=... make run gives all three a new one"
ENDED_BY_A_PERSON = (128 + signal.SIGINT, 128 + signal.SIGTERM)


def main() -> int:
    """Runs until told to end; the exit status is 0 where that was by a person."""
    try:
        port = _port()
        held = lifeline.hold(var_dir() / "run.lock")
        if held is None:
            raise CannotStart(f"leadqual already runs on the data in {var_dir()}: stop it first, or set LEADQUAL_VAR.")
        _listen_for_the_end()
        _environment()
        return _run(port)
    except CannotStart as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("Stopped.")
        return 0


def _run(port: int) -> int:
    _say("Starting PostgreSQL and Valkey ..." if any(embedded.wanted()) else "Using the servers that you have named.")
    with embedded.running():
        _prepare()
        try:
            return _serve(port)
        finally:
            shutil.rmtree(figures(), ignore_errors=True)


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {text!r}.")
    family = socket.AF_INET6 if ":" in _host() else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_host(), int(text)))
        except OSError as error:
            why = error.strerror
            raise CannotStart(f"Port {text} cannot be used ({why}). Try another: PORT=8123 make run") from error
    return int(text)


def _host() -> str:
    return os.environ.get("LEADQUAL_HOST") or "127.0.0.1"


def _listen_for_the_end() -> None:
    def end(*_: Any) -> None:
        _ignore_further_endings()
        raise KeyboardInterrupt

    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN or number is signal.SIGINT:  # nohup means to go on
            signal.signal(number, end)
    if os.environ.get("MAKELEVEL"):
        threading.Thread(target=_end_with_make, args=(os.getppid(),), daemon=True).start()


def _ignore_further_endings() -> None:
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _end_with_make(make: int) -> None:
    """make waits for us when it is told to end; where it is killed instead, nobody else would end us."""
    while os.getppid() == make:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _environment() -> None:
    shutil.rmtree(figures(), ignore_errors=True)  # of processes that have ended
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(figures()))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")
    os.environ.setdefault("LEADQUAL_LOG_FORMAT", "console")
    os.environ.setdefault("LEADQUAL_LOG_LEVEL", "WARNING")


def _prepare() -> None:
    """In a process of its own: the supervisor stays small, and free of threads that do not survive a fork."""
    child = subprocess.Popen([sys.executable, "-m", "leadqual.prepare"])
    try:
        status = child.wait()
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()
    if status:
        raise CannotStart("The preparation failed; its last lines stand above.")


def _serve(port: int) -> int:
    printer = _Printer()
    manager = _Supervisor(printer)
    os.environ["PORT"] = str(port)
    for name, command in commands().items():
        manager.add_process(name, f"exec {shlex.join(command)}", env=dict(os.environ) | ENVIRONMENT)
    threading.Thread(target=_announce, args=(port, printer), daemon=True).start()
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        manager.loop()
    finally:
        _ignore_further_endings()
    if manager.returncode in ENDED_BY_A_PERSON:
        _say("Stopped.")
        return 0
    _say("One of the processes ended by itself, so all were stopped; its last lines stand above.")
    return manager.returncode if manager.returncode and manager.returncode > 0 else 1


def commands() -> dict[str, list[str]]:
    """What is run beside each other, by name."""
    child = [sys.executable, "-m", "leadqual.lifeline"]
    gunicorn = ["gunicorn", "leadqual.wsgi:application", "--config", "python:leadqual.gunicorn_conf"]
    gunicorn += ["--graceful-timeout", "3", "--log-level", "warning"]
    celery = ["celery", "--quiet", "-A", "leadqual"]
    worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]
    return {"web": child + gunicorn, "worker": child + worker, "beat": child + beat}


def _announce(port: int, printer: _Printer) -> None:
    address = f"http://{'localhost' if _host() in {'127.0.0.1', *ANYWHERE} else in_address(_host())}:{port}"
    deadline = time.monotonic() + READY_SECONDS
    while not _is_healthy(port):
        if time.monotonic() > deadline:
            _say(f"{address}/health is not 200 yet; it says what is missing.")
            return
        time.sleep(0.2)
    printer.is_waiting = False
    password = kept_secret(KEPT_AS)
    body = json.dumps({"username": "staff", "password": password or "..."})
    opened_by = f"password: {password}" if password else THEIR_OWN
    login = f"curl {address}/api/auth/token/ --json {shlex.quote(body)}"
    people = "\n".join(f"    {name:6} {may}" for name, may in ACCOUNTS.items())
    _say(f"""
  leadqual is ready:  {address}

  Log in as           ({opened_by})
{people}

  Try first
    the leads to call today         {address}/ml-insights/
    train, compare, roll back       {address}/ml-insights/models/  ·  {address}/admin/
    the API, with examples          {address}/api/docs/
    a token to call it with         {login}
    your own leads                  docs/import.md

  Ctrl-C stops everything; the data stay (make clean-data forgets them).
""")


def _is_healthy(port: int) -> bool:
    host = in_address(ANYWHERE.get(_host(), _host()))
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


CELERYS_LAST_WORDS = ("worker: Hitting Ctrl+C again", "worker: Cold shutdown")


class _Supervisor(Manager):  # type: ignore[misc]
    """honcho's, which cannot end what it has not finished starting: told to, it waits until it can."""

    def __init__(self, printer: Any) -> None:
        super().__init__(printer)
        self._is_told_to_end = False

    def terminate(self) -> None:
        """Ends every process, now or as soon as all have started."""
        self._is_told_to_end = True
        if super()._all_started():
            super().terminate()

    def _all_started(self) -> bool:
        started = bool(super()._all_started())
        if started and self._is_told_to_end:
            super().terminate()
        return started


class _Printer:
    """What the processes write, without honcho's own talk."""

    width = 0
    is_waiting = True

    def write(self, message: Any) -> None:
        """One line, after the name of its process."""
        if message.type == "line" and message.name != "system":
            line = message.data if isinstance(message.data, str) else message.data.decode(errors="replace")
            is_our_own_asking = self.is_waiting and "/health" in line
            if line.strip() and not line.startswith(CELERYS_LAST_WORDS) and not is_our_own_asking:
                _say(f"{message.name:7}| {line.rstrip()}")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
