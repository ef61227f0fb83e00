"""The shortened forms of `make faults` and `make soak`, on an installation of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.processes import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("command", [["tests.faults", "--times", "9"], ["benchmarks.soak", "--minutes", "1"]])
def test_everything_holds_for_a_short_time(command: list[str]) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LEADQUAL_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=ours, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
