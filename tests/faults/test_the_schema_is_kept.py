"""schemathesis asks the running server everything that its schema allows, and what it does not: no 5xx, every answer as
announced. The long form: `SCHEMATHESIS_EXAMPLES=200 python -m pytest tests/faults/test_the_schema_is_kept.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from common.auth import issue_service_token
from common.scopes import SCOPES
from leads.tests.cast import a_lead, a_past
from models_registry.tests.cast import a_version
from tests.processes import Process, Server

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "15")
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.slow
def test_every_answer_is_one_that_the_schema_announces(
    server_processes: Callable[[int], list[Server]], celery_worker_process: Process, tmp_path: Path
) -> None:
    a_past()
    for number in (1, 42):
        a_lead(number=number)
    a_version()
    server = server_processes(1)[0]
    token = issue_service_token(name="schemathesis", org_id="default", scopes=list(SCOPES), days=1)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", f"--config-file={CONFIGURATION}", "--no-color", "run"),
            *(f"{server.address}/api/schema/?format=json", f"--url={server.address}"),
            *("--header", f"Authorization: Bearer {token}", f"--max-examples={EXAMPLES}", "--seed=1"),
        ],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
