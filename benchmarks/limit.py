"""What no engine on these parts can be faster than, served as ours is: `benchmarks.bare_view`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.load import post
from benchmarks.peers import Asked
from benchmarks.serving import LEADS_ASKED_FOR, started, wait_until_answered
from tests.processes import free_port

NAME = "the least: one read, the kernels, one insert"
WEB = [
    sys.executable,
    "-m",
    "gunicorn",
    "benchmarks.bare_view:application",
    "--config",
    "python:leadqual.gunicorn_conf",
]
TABLES = """
DROP TABLE IF EXISTS bare_lead, bare_prediction;
CREATE TABLE bare_lead (id bigint PRIMARY KEY, x float8[] NOT NULL);
CREATE TABLE bare_prediction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id bigint NOT NULL,
    probability float8 NOT NULL,
    contributions jsonb NOT NULL
);
"""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Asked]:
    """The view, on the rows in `rows.npz` of the folder, with the active model. Raises WrongAnswer where it fails."""
    from django.db import connection  # noqa: PLC0415

    from leadqual import postgres  # noqa: PLC0415
    from models_registry import scorers  # noqa: PLC0415
    from models_registry.learning import artefact  # noqa: PLC0415

    model, port = folder / "bare_model", free_port()
    model.write_bytes(artefact.write(scorers.active("default").scorer))  # type: ignore[arg-type]
    rows = np.load(folder / "rows.npz")["x"][:LEADS_ASKED_FOR]
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        cursor.executemany(
            "INSERT INTO bare_lead VALUES (%s, %s)", [(at, row.tolist()) for at, row in enumerate(rows, 1)]
        )
    (folder / "bare_prometheus").mkdir()
    own = {
        "PORT": str(port),
        "MODEL": str(model),
        "DATABASE_URL": postgres.url(connection.settings_dict["NAME"]),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "bare_prometheus"),
    }
    with started(WEB, folder / "bare.log", own) as process:
        requests = [post(port, f"/predict/{number}") for number in range(1, len(rows) + 1)]
        wait_until_answered(process, port, requests[0])
        yield Asked(port, requests)
