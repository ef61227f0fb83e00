"""Paths: the folder `var/`, the secrets kept in it, and the short folder of the servers' sockets."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parent.parent
LONGEST_SOCKET = ".s.PGSQL.5432.lock"
SOCKET_PATH_LIMIT = 107
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - `_owned` refuses another's
SERVANT_OF_ROOT = "nobody"
"""PostgreSQL refuses to run as root; this account exists everywhere and owns nothing else."""


OURS = (
    "postgres*",
    "pginstall*",
    "valkey",
    "run",
    "static",
    "media",
    "prometheus",
    "numba",
    "peers",
    "secret_key",
    "demo_password",
    "servers.kept",
)
"""All that is kept in `var/` and can be forgotten, as patterns."""


class CannotStart(RuntimeError):
    """Something cannot be started; the text says why, and what to do."""


def in_address(host: str) -> str:
    """A host as it stands before a port: `::1` in brackets."""
    return f"[{host}]" if ":" in host else host


def var_dir() -> Path:
    """Where data are kept: `var/` in the project, unless LEADQUAL_VAR names another folder. Raises CannotStart."""
    path = Path(os.environ.get("LEADQUAL_VAR") or PROJECT / "var").resolve()
    with ours(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def home() -> Path:
    """Where the servers' files lie: `var/`, or what PostgreSQL's user can reach where `var/` is private to root."""
    if os.geteuid() == 0 and not open_to_all(var_dir()):
        return _owned(Path("/var/tmp") / f"leadqual-{_mark()}", 0o755)  # noqa: S108 - `_owned` refuses another's
    return var_dir()


def figures() -> Path:
    """The folder in which processes share their figures: in memory, where there is such a place, and not in `var/`.

    They are mapped files with holes. On a disk that is full, whoever counts into one of these is ended by SIGBUS.
    """
    if os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
        return _owned(SHARED_MEMORY / f"leadqual-{_mark()}", 0o700)
    return _owned(var_dir() / "prometheus", 0o700)


def sockets() -> Path:
    """The folder of the sockets: in `var/`, or a short one where that is too long for a socket or has odd letters."""
    inside = home() / "run"
    if len(str(inside / LONGEST_SOCKET)) <= SOCKET_PATH_LIMIT and re.fullmatch(r"[\w./-]+", str(inside), re.ASCII):
        return inside
    return Path(tempfile.gettempdir()) / f"leadqual-{_mark()}-run"


def own(path: Path) -> Path:
    """Makes a folder that only the servers' user may enter (and root, where that is who we are). Raises CannotStart."""
    _owned(path, 0o700)
    if os.geteuid() == 0:
        os.chown(path, servant().pw_uid, servant().pw_gid)
    return path


def servant() -> pwd.struct_passwd:
    """The account that PostgreSQL runs as: ourselves, unless we are root. Raises CannotStart."""
    try:
        return pwd.getpwnam(SERVANT_OF_ROOT) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    except KeyError:
        raise CannotStart(
            f"PostgreSQL must run as another user than root, and this machine has no user {SERVANT_OF_ROOT!r}: "
            "start leadqual as an ordinary user, or set DATABASE_URL."
            if os.geteuid() == 0
            else f"This machine knows no name of user {os.geteuid()}: set DATABASE_URL."
        ) from None


def secret(name: str, *, letters: int, wanted: str = "") -> str:
    """What is kept in the file `name` of `var/`, readable by us alone: made at random once, or replaced by `wanted`."""
    path = var_dir() / name
    with ours(path):
        if wanted:
            _written(path, wanted).replace(path)
        elif not path.exists():
            made = _written(path, secrets.token_urlsafe(letters * 3 // 4))
            with contextlib.suppress(FileExistsError):  # another process was quicker: its secret holds
                os.link(made, path)
            made.unlink()
        return path.read_text()


def kept_secret(name: str) -> str:
    """What the file `name` holds; nothing where there is none."""
    path = var_dir() / name
    with ours(path):
        return path.read_text() if path.exists() else ""


def forget_secret(name: str) -> None:
    """Removes the file `name`, where there is one."""
    path = var_dir() / name
    with ours(path):
        path.unlink(missing_ok=True)


def secret_key() -> str:
    """The installation's own DJANGO_SECRET_KEY."""
    return secret("secret_key", letters=64)


def lock_file(name: str) -> IO[str]:
    """A file to lock, which stays: who would remove it could not know who waits for it."""
    path = var_dir() / f"{name}.lock"
    with ours(path):
        return open(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+")


@contextlib.contextmanager
def ours(path: Path) -> Iterator[None]:
    """Turns the system's refusal into words that help."""
    try:
        yield
    except PermissionError as error:
        raise CannotStart(
            f'{error.filename or path} belongs to another user. Make it yours (sudo chown -R "$USER" {path}), or set '
            "LEADQUAL_VAR to a folder of your own."
        ) from error
    except OSError as error:
        raise CannotStart(f"{path} cannot be used: {error.strerror}. Set LEADQUAL_VAR to another folder.") from error


def open_to_all(path: Path) -> bool:
    """Whether every user may go as far as this folder."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in [path, *path.parents])


def _owned(path: Path, mode: int) -> Path:
    with ours(path):
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), servant().pw_uid}:
            raise CannotStart(f"{path} is not a folder of ours. Remove it, or set LEADQUAL_VAR to another folder.")
        path.chmod(mode)
    return path


def _written(path: Path, text: str) -> Path:
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    return made


def _mark() -> str:
    return hashlib.sha256(f"{os.geteuid()} {var_dir()}".encode()).hexdigest()[:12]
