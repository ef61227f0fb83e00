"""Environments of their own for what is measured beside us: pinned packages, installed once by the benchmark itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class CannotInstall(RuntimeError):
    """The registry did not give what is needed; the text says why."""


def python_with(name: str, packages: tuple[str, ...]) -> Path:
    """The interpreter of an environment that has exactly these packages, and what they need. Raises CannotInstall."""
    home = Path(os.environ.get("LEADQUAL_VAR") or Path(__file__).parent.parent / "var") / "peers" / name
    python, mark, pins = home / "bin" / "python", home / "installed", "\n".join(packages)
    if not mark.exists() or mark.read_text() != pins:
        print(f"Installing {', '.join(packages)} ...", file=sys.stderr, flush=True)
        run(sys.executable, "-m", "venv", "--clear", str(home))
        run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
        mark.write_text(pins)
    return python


def run(*command: str) -> None:
    """Runs a step of an installation to its end. Raises CannotInstall with its last words."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    if done.returncode:
        raise CannotInstall((done.stderr or done.stdout).strip()[-600:])
