"""The shortened forms of `make faults`, `make soak`, `make profile` and of benchmarks, each on its own installation.

They fail on wrong answers, and never on time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pytest

from tests.processes import ROOT

COMMANDS = (
    "tests.faults --times 9",
    "benchmarks.soak --minutes 1",
    "benchmarks.requests --short",
    "benchmarks.profile request --times 3 --leads 600",
    "benchmarks.profile chunk --times 1 --leads 600",
    "benchmarks.bulk --leads 12000 --workers 1 --sample 200",
    "benchmarks.reads --leads 12000 --predictions 24000 --times 5",
    "benchmarks.kernels --rows 500 --rounds 1 --alone",
    "benchmarks.training --rows 3000 --features 8 --algorithms random_forest",
    "benchmarks.extraction --leads 2000 --ages 0 14",
    "benchmarks.reasons --leads 300 --rounds 1",
    "benchmarks.intervals --leads 200 --seeds 1",
    "benchmarks.experiments --experiments 5 --leads 2000 --rounds 1",
)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_everything_holds_for_a_short_time(command: str) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LEADQUAL_", "DJANGO_"))}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", *command.split()],
            cwd=ROOT,
            env=ours | {"LEADQUAL_VAR": folder},
            text=True,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
