"""`make run`: everything that leadqual needs, under one supervisor, until Ctrl-C.

Starts the embedded servers, migrates, loads the demonstration and trains its model the first time, then runs web server,
worker and beat with honcho. When one of them ends, or we are told to end, all end.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leadqual import embedded

BIN = Path(sys.executable).parent
READY_SECONDS = 120
ENDED_BY_A_PERSON = (128 + signal.SIGINT, 128 + signal.SIGTERM)
ACCOUNTS = {"admin": "everything", "staff": "train, activate, roll back", "sales": "the pages, to read"}


def main() -> int:
    """Runs until told to end; the exit status is 0 where that was by a person."""
    port = _port()
    _listen_for_the_end()
    _environment()
    try:
        _say("Starting PostgreSQL and Valkey ..." if any(embedded.wanted()) else "Using the servers that you have named.")
        with embedded.running():
            password = prepare()
            return _serve(port, password)
    except embedded.CannotStart as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("Stopped.")
        return 0


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdigit() or not 0 < int(text) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535, not {text!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_host(), int(text)))
        except OSError as error:
            sys.exit(f"Port {text} cannot be used ({error.strerror}). Try another: PORT=8123 make run")
    return int(text)


def _host() -> str:
    return os.environ.get("HOST", "127.0.0.1")


def _listen_for_the_end() -> None:
    def end(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)


def _environment() -> None:
    metrics = embedded.var_dir() / "prometheus"
    shutil.rmtree(metrics, ignore_errors=True)  # figures of processes that have ended
    metrics.mkdir(parents=True)
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(metrics))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")
    os.environ.setdefault("LEADQUAL_LOG_FORMAT", "console")
    os.environ.setdefault("LEADQUAL_LOG_LEVEL", "WARNING")


def prepare() -> str:
    """Migrates, and the first time loads the demonstration; the accounts' password."""
    import django
    from django.core.management import call_command

    django.setup()
    _say("Preparing the database ...")
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    password = _accounts()
    _demonstration()
    return password


def _accounts() -> str:
    from django.contrib.auth.models import Group, User

    password = _password()
    for name in ACCOUNTS:
        user, is_new = User.objects.get_or_create(
            username=name, defaults={"is_superuser": name == "admin", "is_staff": name != "sales"}
        )
        if is_new:
            groups = {"staff": ["analyst", "ml_admin"], "sales": ["sales"]}.get(name, [])
            user.groups.set(Group.objects.filter(name__in=groups))
        if not user.check_password(password):
            user.set_password(password)
            user.save()
    return password


def _password() -> str:
    """LEADQUAL_DEMO_PASSWORD, else a random one that is kept where only its owner can read it."""
    path = embedded.var_dir() / "demo_password"
    wanted = os.environ.get("LEADQUAL_DEMO_PASSWORD", "")
    if wanted or not path.exists():
        with open(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(wanted or secrets.token_urlsafe(9))
    return path.read_text()


def _demonstration() -> None:
    from django.core.management import call_command

    from leads.models import Dossier, LeadScore
    from models_registry.models import ModelVersion

    if not Dossier.objects.exists():
        _say("Loading a demonstration organisation ...")
        call_command("demo_data", "--leads", "3000", "--seed", "7")
    if not ModelVersion.objects.exists() and Dossier.objects.of("default").exists():
        _say("Training its first model ...")
        call_command("train_model", "--notes", "trained on the demonstration by the first `make run`")
    if not LeadScore.objects.filter(probability__isnull=False).exists():
        _say("Scoring its open leads ...")
        call_command("score_leads")


def _serve(port: int, password: str) -> int:
    from django.db import connections
    from honcho.manager import Manager

    connections.close_all()
    manager = Manager(_Quiet())
    for name, command in _commands(port).items():
        manager.add_process(name, command, quiet=False, env=dict(os.environ))
    threading.Thread(target=_announce, args=(port, password), daemon=True).start()
    with _ending_gently():
        manager.loop()
    if manager.returncode in ENDED_BY_A_PERSON:
        _say("Stopped.")
        return 0
    if manager.returncode:
        _say("One of the processes ended by itself, so all were stopped; its last lines stand above.")
    return int(manager.returncode or 0)


def _commands(port: int) -> dict[str, str]:
    workers = os.environ.get("WEB_WORKERS", "2")
    return {
        "web": f"exec {BIN}/gunicorn leadqual.wsgi:application --bind {_host()}:{port} --workers {workers} --threads 4 "
               f"--worker-tmp-dir {embedded.var_dir()} --config {Path(__file__).parent / 'gunicorn_conf.py'} --log-level warning",
        "worker": f"exec {BIN}/celery -A leadqual worker --concurrency 2 --loglevel WARNING --without-gossip --without-mingle",
        "beat": f"exec {BIN}/celery -A leadqual beat --loglevel WARNING --pidfile=",
    }


@contextlib.contextmanager
def _ending_gently() -> Iterator[None]:
    """honcho listens for SIGINT and SIGTERM itself; a terminal that closes must end everything, too."""
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the servers are stopped in peace


def _announce(port: int, password: str) -> None:
    address = f"http://{'localhost' if _host() == '127.0.0.1' else _host()}:{port}"
    deadline = time.monotonic() + READY_SECONDS
    while not _is_healthy(port):
        if time.monotonic() > deadline:
            _say(f"{address}/health is not 200 yet; it says what is missing.")
            return
        time.sleep(0.3)
    people = "\n".join(f"    {name:6} {may}" for name, may in ACCOUNTS.items())
    _say(f"""
  leadqual is ready:  {address}

  Log in as           (password: {password})
{people}

  Try first
    the leads to call today         {address}/ml-insights/
    train, compare, roll back       {address}/ml-insights/models/  ·  {address}/admin/
    the API, with examples          {address}/api/docs/
    your own leads                  docs/import.md

  Ctrl-C stops everything; the data stay (make clean-data forgets them).
""")


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{_host()}:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class _Quiet:
    """honcho's printer: what the processes write, without honcho's own talk."""

    width = 0

    def write(self, message: Any) -> None:
        if message.type == "line":
            data = message.data if isinstance(message.data, str) else message.data.decode(errors="replace")
            if data.strip() and message.name != "system":
                print(f"{message.name:7}| {data.rstrip()}", flush=True)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
