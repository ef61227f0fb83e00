"""Everything into a folder, and everything out of it again: `python -m leadqual.backups make|restore FOLDER`.

A backup is `database.dump` (PostgreSQL's own custom format, of one moment, taken while everything runs), `media/`
(uploads) and `manifest.json`, which says what must be found after restoring. Secrets are not in it.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leadqual import embedded, postgres

DUMP, MEDIA, MANIFEST = "database.dump", "media", "manifest.json"
# Every column of every prediction, whatever the order of the rows.
PREDICTIONS = "SELECT count(*), coalesce(sum(hashtextextended(p::text, 0)::numeric), 0)::text FROM ml_prediction p"
ACTIVE = "SELECT org_id, version, digest FROM ml_model_version WHERE is_active ORDER BY org_id"
ENDS = "SELECT org_id, max(number) FROM audit_entry GROUP BY org_id ORDER BY org_id"
TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
EMPTY = "SET LOCAL client_min_messages = warning;\nDROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n"
UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
"""pg_restore says it whatever the server is."""
PREAMBLE_LINES = 25
"""So far down pg_restore says how the session is to be; what follows are the tables."""
NOT_TOLD = ("password", "client_encoding", "cursor_factory")
"""What of a connection's parameters is not for PostgreSQL's programs, or not for their command line."""


class Refused(RuntimeError):
    """It is not done; the text says why, and what to do."""


def make(folder: Path) -> dict[str, Any]:
    """Writes a backup into a new folder, which stands there whole or not at all; what it says of itself.

    Raises Refused where the folder exists, where another process is making it, or where PostgreSQL's program fails.
    """
    with _alone(folder.with_name(f"{folder.name}.part")) as part:
        if folder.exists():
            raise Refused(f"{folder} is there already: name a new folder.")
        manifest = _write(part)
        part.rename(folder)
    return manifest


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[Path]:
    """An empty folder to write in, which no other process does meanwhile; where something fails it is removed."""
    part.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise Refused(f"{part} is being written by another process: wait for it, or name another folder.") from error
    try:
        for left in part.iterdir():  # of one that was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield part
    except BaseException:  # also where somebody interrupts it: a dump is large, and nobody looks for half of one
        shutil.rmtree(part, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _write(part: Path) -> dict[str, Any]:
    with _one_moment() as snapshot:
        _run(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={part / DUMP}",
        )
        manifest = {"facts": _facts(), "sha256": _digest(part / DUMP)}
    if _media().exists():
        shutil.copytree(_media(), part / MEDIA, copy_function=_copy_unless_gone)
    (part / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def _copy_unless_gone(source: str, target: str) -> str:
    """Copies a file; an upload whose import has ended since the folder was listed is passed over."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)
    return target


def restore(folder: Path, *, replace: bool = False) -> dict[str, Any]:
    """Makes the database what it was, in one transaction, and says what is found in it.

    Raises Refused where the backup is not whole, where the database holds something and is not to be replaced, or where
    it cannot be restored, each time leaving all as it was; and where what is found is not what the manifest says.
    """
    manifest = _whole(folder)
    is_empty = _is_empty()
    if not is_empty and not replace:
        raise Refused("The database is not empty. Name an empty one, or say --replace to forget what it holds.")
    _play(folder / DUMP, first="" if is_empty else EMPTY)
    if (folder / MEDIA).exists():
        shutil.copytree(folder / MEDIA, _media(), dirs_exist_ok=True)
    found = _facts()
    if found != manifest["facts"]:
        raise Refused(f"What was restored is not what was saved: {found} instead of {manifest['facts']}.")
    return found


def _whole(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        digest = _digest(folder / DUMP)
    except (OSError, ValueError) as error:
        raise Refused(f"{folder} is not a backup: {error}") from error
    if digest != manifest.get("sha256"):
        raise Refused(f"{folder / DUMP} is not what was saved: its digest is another. Nothing was changed.")
    return manifest


def _is_empty() -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        (tables,) = cursor.fetchone()
    connection.close()
    return not tables


@contextlib.contextmanager
def _one_moment() -> Iterator[str]:
    """A transaction that sees one moment, and its name, by which pg_dump sees the same."""
    from django.db import connection, transaction

    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield str(cursor.fetchone()[0])


def _facts() -> dict[str, Any]:
    """What must be equal afterwards: every prediction, what is active, and how long each audit chain is."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(PREDICTIONS)
        count, sum_of_hashes = cursor.fetchone()
        cursor.execute(ACTIVE)
        active = [list(row) for row in cursor.fetchall()]
        cursor.execute(ENDS)
        ends = [list(row) for row in cursor.fetchall()]
    return {"predictions": count, "sum_of_hashes": sum_of_hashes, "active": active, "audit": ends}


def _run(program: str, *arguments: str | Path) -> None:
    """Runs one of PostgreSQL's programs on our database. Raises Refused with what it says."""
    command = [*_on_our_database(program), *map(str, arguments)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"{program} failed: {done.stderr.strip()}")


def _play(dump: Path, *, first: str) -> None:
    """Does what the dump says, after some SQL of ours, in one transaction: psql is told to commit at the dump's end.

    Raises Refused, with nothing changed, where either program fails.
    """
    told = [str(postgres.program("pg_restore")), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    asked = [*_on_our_database("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(told, stdout=subprocess.PIPE, stderr=said) as reading,
        subprocess.Popen(
            asked, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as writing,
    ):
        assert reading.stdout
        assert writing.stdin
        with contextlib.suppress(BrokenPipeError), writing.stdin as script:  # psql ends at the first error
            script.write(f"BEGIN;\n{first}".encode())
            opening = itertools.islice(reading.stdout, PREAMBLE_LINES)
            script.writelines(line for line in opening if line != UNKNOWN_BEFORE_17)
            shutil.copyfileobj(reading.stdout, script)
            if reading.wait() == 0:
                script.write(b"COMMIT;\n")
        reading.stdout.close()
        if reading.wait() or writing.wait():
            said.seek(0)
            raise Refused(f"Nothing was changed, since it cannot be restored: {said.read().decode().strip()}")


def _on_our_database(program: str) -> list[str]:
    """The program, and where it finds our database: all that DATABASE_URL says (`sslmode`, too), not the password."""
    from psycopg2.extensions import make_dsn

    named = {name: value for name, value in _parameters().items() if name not in NOT_TOLD}
    return [str(postgres.program(program)), f"--dbname={make_dsn(**named)}"]


def _environment() -> dict[str, str]:
    """Where the password stands: in no command line, which others can see."""
    password = _parameters().get("password")
    return os.environ | ({"PGPASSWORD": str(password)} if password else {})


def _parameters() -> dict[str, Any]:
    from django.db import connection

    return dict(connection.get_connection_params())


def _media() -> Path:
    from django.conf import settings

    return Path(settings.MEDIA_ROOT)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: list[str]) -> int:
    """`python -m leadqual.backups make|restore FOLDER`; 0 where it was done."""
    parser = argparse.ArgumentParser(prog="python -m leadqual.backups", description=__doc__)
    parser.add_argument("act", choices=("make", "restore"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--replace", action="store_true", help="restore: forget what the database holds")
    told = parser.parse_args(arguments)
    try:
        with embedded.running():
            facts = _done(told)
    except (Refused, embedded.CannotStart, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    active = ", ".join(f"{version} ({org})" for org, version, _ in facts["active"]) or "none"
    print(f"{told.folder}: {facts['predictions']} predictions, active: {active}")
    return 0


def _done(told: argparse.Namespace) -> dict[str, Any]:
    import django
    from django.db import OperationalError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")
    django.setup()
    folder = told.folder.resolve()
    try:
        return make(folder)["facts"] if told.act == "make" else restore(folder, replace=told.replace)
    except OperationalError as error:
        raise Refused(f"The database does not answer, or cannot do it: {error}") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
