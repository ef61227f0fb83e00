"""The Dockerfile's steps without an engine, in a clean root of Debian's packages.

`python -m tests.ops.rehearse_image FOLDER` takes root, debootstrap, a network and a few minutes. The host's resolver,
certificates and pip configuration are lent to the root, since they are no part of the image. In the end the image's
user makes the web server's application.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = "python3.11,python3.11-venv,python3-distutils,python3-lib2to3,ca-certificates"
LENT = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
CHECK = (
    "python manage.py check && gunicorn leadqual.wsgi:application --config python:leadqual.gunicorn_conf --check-config"
)
SERVERS = {"DJANGO_SECRET_KEY": "rehearsal" * 8, "DATABASE_URL": "postgres://none/none", "REDIS_URL": "redis://none"}


class Stage:
    """One FROM: a root, and what has been said of environment, folder and user."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder, self.user = root, "/", "0"
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin"}

    def run(self, command: str, **more: str) -> None:
        """As the engine would. Raises CalledProcessError."""
        inside = f"cd {self.folder} && {command}"
        lent = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        chroot = ["chroot", f"--userspec={self.user}:{self.user}", str(self.root), "/bin/sh", "-ec", inside]
        subprocess.run(chroot, check=True, env=lent | self.environment | more)

    def place(self, name: str) -> Path:
        """Where a path of the image lies on this machine."""
        return self.root / os.path.normpath(Path(self.folder, name)).lstrip("/")


def instructions() -> list[tuple[str, str]]:
    """(word, rest) of each, without comments."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.split(None, 1)[1]) for line in text.splitlines() if line.strip()]


def main(folder: Path) -> None:
    """All stages, then a look at the last."""
    base = folder / "base"
    if not base.exists():
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(base)]
        subprocess.run(command, check=True)
    stages: dict[str, Stage] = {}
    for word, rest in instructions():
        if word == "FROM":
            stage = stages[rest.partition(" AS ")[2] or "last"] = _begin(base, folder / f"stage-{len(stages)}")
        else:
            print(f"{word} {rest[:100]}", flush=True)
            _do(stage, stages, word, rest)
    stage.run(CHECK, **SERVERS)
    print(f"Done: {stage.root} is the image's root.")


def _begin(base: Path, root: Path) -> Stage:
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", base, root], check=True)
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3.11")
    for name in (*LENT, os.environ.get("PIP_CERT", "")):
        if name and Path(name).exists():
            (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, root / name.lstrip("/"))
    return Stage(root)


def _do(stage: Stage, stages: dict[str, Stage], word: str, rest: str) -> None:
    if word == "RUN":
        stage.run(rest)
    elif word == "ENV":
        said = (pair.split("=", 1) for pair in shlex.split(rest))
        stage.environment |= {name: value.replace("$PATH", stage.environment["PATH"]) for name, value in said}
    elif word == "WORKDIR":
        stage.folder = rest
        stage.place(".").mkdir(parents=True, exist_ok=True)
    elif word == "USER":
        stage.user = rest
    elif word == "COPY":
        _copy(stage, stages, rest.split())
    elif word == "CMD":
        assert json.loads(rest)


def _copy(stage: Stage, stages: dict[str, Stage], words: list[str]) -> None:
    if words[0].startswith("--from="):
        source = stages[words[0].removeprefix("--from=")].place(words[1])
        subprocess.run(["cp", "-a", source, stage.place(words[2])], check=True)
        return
    for name in _context() if words[0] == "." else [words[0]]:
        target = stage.place(words[1]) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)


def _context() -> list[str]:
    """What the engine would be sent."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    left_out = (ROOT / ".dockerignore").read_text().split()
    return [name for name in listed if name and not any(_matches(name, pattern) for pattern in left_out)]


def _matches(name: str, pattern: str) -> bool:
    parts = Path(name).parts
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatch(part, pattern[3:]) for part in parts)
    depth = len(Path(pattern).parts)
    return fnmatch.fnmatch("/".join(parts[:depth]), pattern) and ("*" not in pattern or len(parts) == depth)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
