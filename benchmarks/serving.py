"""Our own web server on a database of its own, as it runs in production, for benchmarks to drive."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import WrongAnswer, ask, get, post
from tests.processes import free_port

PROJECT = Path(__file__).resolve().parent.parent
READY_SECONDS = 120.0
Process = subprocess.Popen[bytes]
WEB = [sys.executable, "-m", "gunicorn", "leadqual.wsgi:application", "--config", "python:leadqual.gunicorn_conf"]
LEADS_ASKED_FOR = 300
SCOPES = ["predictions:write", "predictions:read"]
LIMITS = ("RATE_LIMIT_REQUESTS", "RATE_LIMIT_PREDICTIONS", "RATE_LIMIT_BATCH_ITEMS")
UNREACHED = dict.fromkeys(LIMITS, "1000000000/minute")
"""Limits are counted as always, and never reached."""


@dataclass(frozen=True)
class Served:
    """A server of ours, and what its callers know: a token, the numbers of leads, and feature vectors."""

    port: int
    token: str
    numbers: Sequence[int]
    vectors: Sequence[dict[str, Any]]
    seconds_to_ready: float

    def predictions(self) -> list[bytes]:
        """Requests that score the leads, one after the other."""
        return [post(self.port, f"/api/ml/predict/{number}", token=self.token) for number in self.numbers]

    def services(self) -> list[bytes]:
        """Requests of the model service, with the leads' features in the body."""
        bodies = [json.dumps({"org_id": "default", "features": vector}).encode() for vector in self.vectors]
        return [post(self.port, "/api/v1/predict", body, self.token) for body in bodies]

    def batch(self, size: int, *, contributions: bool) -> bytes:
        """A request for many at once."""
        items = [{"features": self.vectors[at % len(self.vectors)]} for at in range(size)]
        query = "" if contributions else "?contributions=false"
        body = json.dumps({"org_id": "default", "batch": items}).encode()
        return post(self.port, f"/api/v1/predict/batch{query}", body, self.token)


def wait_until_answered(process: Process, port: int, request: bytes) -> float:
    """Seconds until the first right answer. Raises WrongAnswer where the process ends, or takes too long."""
    begun = time.perf_counter()
    while process.poll() is None and time.perf_counter() < begun + READY_SECONDS:
        with contextlib.suppress(OSError, WrongAnswer):
            ask(port, request)
            return time.perf_counter() - begun
        time.sleep(0.02)
    raise WrongAnswer("the server does not come up")


def learn(leads: int) -> None:
    """Loads the demonstration and trains the default forest on it."""
    from django.core.management import call_command  # noqa: PLC0415

    call_command("demo_data", leads=leads, verbosity=0)
    call_command("train_model", algorithm="random_forest")


def rows_for_peers(path: Path) -> None:
    """Keeps the rows that our forest has learnt from, as numbers, and what became of them."""
    import numpy as np  # noqa: PLC0415

    from models_registry import scorers  # noqa: PLC0415

    rows, model = training_rows(), scorers.active("default").scorer
    np.savez(path, x=model.encoder.transform(rows.columns), y=rows.converted)  # type: ignore[attr-defined]


def training_rows() -> Any:
    """The labelled snapshots that the active version has learnt from."""
    from datetime import timedelta  # noqa: PLC0415

    from django.conf import settings  # noqa: PLC0415

    from leads import labelled  # noqa: PLC0415
    from leads.models import Organisation  # noqa: PLC0415

    org = Organisation.get("default")
    now = org.now()
    return labelled.training_rows(
        org, since=now - timedelta(days=240), until=now, ages=tuple(settings.ML_SNAPSHOT_AGES_DAYS)
    )


def what_callers_know(leads: int) -> tuple[list[int], list[dict[str, Any]]]:
    """The numbers of so many leads, and their feature vectors as they are now."""
    from leads import snapshots  # noqa: PLC0415
    from leads.catalogue import columns_of  # noqa: PLC0415
    from leads.models import Dossier, Organisation  # noqa: PLC0415
    from models_registry import scorers  # noqa: PLC0415
    from predictions.terms import moment_of  # noqa: PLC0415
    from predictions.vectors import rows_from  # noqa: PLC0415

    org, features = Organisation.get("default"), scorers.active("default").scorer.features
    dossiers = list(Dossier.objects.of("default").order_by("number")[:leads])
    read = snapshots.take(org, [each.pk for each in dossiers], [moment_of(org, each) for each in dossiers])
    return [each.number for each in dossiers], rows_from(features, columns_of(read, features))


@contextlib.contextmanager
def our_server(folder: Path) -> Iterator[Served]:
    """The web server as production starts it, on the database that Django is connected to; its files in `folder`."""
    from common.auth import issue_service_token  # noqa: PLC0415

    numbers, vectors = what_callers_know(LEADS_ASKED_FOR)
    token = issue_service_token(name="benchmark", org_id="default", scopes=SCOPES, days=1)
    with web_server(folder) as (port, seconds):
        yield Served(port, token, numbers, vectors, seconds)


@contextlib.contextmanager
def web_server(folder: Path) -> Iterator[tuple[int, float]]:
    """The same: its port, and how many seconds it took to be ready."""
    from django.db import connection  # noqa: PLC0415

    from leadqual import postgres  # noqa: PLC0415

    port = free_port()
    (folder / "prometheus").mkdir()
    own = UNREACHED | {
        "PORT": str(port),
        "DATABASE_URL": postgres.url(connection.settings_dict["NAME"]),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "prometheus"),
    }
    with started(WEB, folder / "web.log", own) as process:
        yield port, wait_until_answered(process, port, get(port, "/health/ready"))


@contextlib.contextmanager
def started(command: Sequence[str], log: Path, own: Mapping[str, str], cwd: Path = PROJECT) -> Iterator[Process]:
    """A server in a process group of its own, which is ended with the block; `log` keeps what it says."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own words
            command,
            cwd=cwd,
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
