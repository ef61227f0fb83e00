"""Real servers for the tests: their own, so that a running `make run` is never touched.

A plugin (`-p tests.servers`) and no conftest: the addresses must stand before Django reads its settings.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from django.utils import translation

ROOT = Path(__file__).resolve().parent.parent
for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):  # what somebody has named is not for tests
    os.environ.pop(name, None)
    os.environ.pop(f"{name}_FILE", None)

from leadqual import embedded, lifeline  # noqa: E402 - settings are read from here on


def _folder_of_our_own() -> tuple[Path, IO[str]]:
    """The first of test, test-2, ... that no other session is using, kept until we end, however that comes."""
    base, number = Path(os.environ.get("LEADQUAL_VAR") or ROOT / "var"), 1
    while True:
        folder = base / ("test" if number == 1 else f"test-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        lock = lifeline.hold(folder / "session.lock")
        if lock is not None:
            return folder, lock
        number += 1


FOLDER, LOCK = _folder_of_our_own()
os.environ["LEADQUAL_VAR"] = str(FOLDER)
os.environ.setdefault("NUMBA_CACHE_DIR", str(FOLDER.parent / "test" / "numba"))  # compiled once for all sessions
os.environ.setdefault("LEADQUAL_LOG_LEVEL", "ERROR")
(FOLDER / "static").mkdir(exist_ok=True)  # WhiteNoise warns where there is none
_servers = contextlib.ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Starts the servers, or takes over those of a session that was killed, without what it left in them."""
    if _only_hands_out(session):
        return
    _servers.enter_context(embedded.running(fsync=False))
    _disconnect_others()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stops the servers."""
    _servers.close()


def pytest_unconfigure() -> None:
    """Leaves the folder to others."""
    LOCK.close()


def _only_hands_out(session: pytest.Session) -> bool:
    """Whether this process runs no test itself: its workers (pytest -n 2) each have servers of their own."""
    return bool(getattr(session.config.option, "numprocesses", None)) and not hasattr(session.config, "workerinput")


def _disconnect_others() -> None:
    import psycopg2
    import redis

    connection = psycopg2.connect(embedded.database_url())
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test_%'")
    with redis.Redis.from_url(embedded.redis_url()) as client:
        client.flushall()


@pytest.fixture(autouse=True)
def _quick_and_apart(settings: object) -> Iterator[None]:
    """Passwords are hashed quickly, and no test is limited by the requests of another, or speaks its language."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    settings.STORAGES = {  # type: ignore[attr-defined]
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.RATE_LIMIT_REQUESTS = "1000000/second"  # type: ignore[attr-defined]
    settings.RATE_LIMIT_PREDICTIONS = "1000000/second"  # type: ignore[attr-defined]
    settings.RATE_LIMIT_LOGIN_ADDRESS = settings.RATE_LIMIT_LOGIN_ACCOUNT = "1000000/second"  # type: ignore[attr-defined]
    yield
    translation.deactivate()  # a request in French leaves it behind
