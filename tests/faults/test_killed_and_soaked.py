"""The shortened forms of `make faults`, `make soak` and `make bench`, each on an installation of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pytest

from tests.processes import ROOT

COMMANDS = (["tests.faults", "--times", "9"], ["benchmarks.soak", "--minutes", "1"], ["benchmarks.requests", "--short"])


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_everything_holds_for_a_short_time(command: list[str]) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LEADQUAL_", "DJANGO_"))}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=ours | {"LEADQUAL_VAR": folder},
            text=True,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
