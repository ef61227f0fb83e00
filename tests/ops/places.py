"""Folders for embedded servers of a test's own, and what runs in them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leadqual import embedded, places


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Makes folders and moves into them; at the end nothing is left in them, nor running."""
    made: list[Path] = []

    def move_into(name: str = "var", *, among: Path | None = None) -> Path:
        parent = among or Path(tempfile.mkdtemp(prefix="lq"))
        parent.chmod(0o755)  # PostgreSQL's user must get there, too, where we are root
        made.append(parent)
        monkeypatch.setenv("LEADQUAL_VAR", str(parent / name))
        return parent / name

    yield move_into
    for parent in made:
        for folder in parent.iterdir() if parent.exists() else ():
            monkeypatch.setenv("LEADQUAL_VAR", str(folder))
            embedded.clean()
        shutil.rmtree(parent, ignore_errors=True)


@pytest.fixture
def var(folders: Callable[..., Path]) -> Path:
    """A folder for servers of this test's own."""
    return folders()


def processes_in(folder: Path) -> list[str]:
    """The commands of all processes that work in a folder: it stands in their command or their environment."""
    return [command for pid, command in _commands() if pid != os.getpid() and _works_in(pid, command, folder)]


def none_are_left_in(folder: Path, seconds: float = 10) -> bool:
    """Whether all processes in a folder end."""
    deadline = time.monotonic() + seconds
    while found := processes_in(folder):
        if time.monotonic() > deadline:
            pytest.fail("\n".join(["still running:", *found]))
        time.sleep(0.1)
    return True


def _commands() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue


def _works_in(pid: int, command: str, folder: Path) -> bool:
    if not command:  # ended, and not yet forgotten by its parent
        return False
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        environment = ""
    words = {str(folder), str(places.home()), str(places.sockets())}
    return any(word in command for word in words) or f"LEADQUAL_VAR={folder}\0" in environment
