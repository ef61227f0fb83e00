"""Real servers for the tests: their own, so that a running `make run` is never touched.

A plugin (`-p tests.servers`) and no conftest: the addresses must stand before Django reads its settings.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("LEADQUAL_VAR", str(ROOT / "var" / "test"))
os.environ.setdefault("LEADQUAL_LOG_LEVEL", "ERROR")

from leadqual import embedded  # noqa: E402 - it reads LEADQUAL_VAR

(embedded.var_dir() / "static").mkdir(exist_ok=True)  # WhiteNoise warns where there is none
_started = (False, False)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Starts what is not running; what a killed session has left running is used."""
    global _started
    _started = embedded.start(fsync=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stops what was started here."""
    if _started[1]:
        embedded.stop_valkey()
    if _started[0]:
        embedded.stop_postgres()


@pytest.fixture(autouse=True)
def _quick_and_apart(settings: object) -> None:
    """Passwords are hashed quickly, and no test is limited by the requests of another."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    settings.STORAGES = {  # type: ignore[attr-defined]
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.RATE_LIMIT_REQUESTS = "1000000/second"  # type: ignore[attr-defined]
    settings.RATE_LIMIT_PREDICTIONS = "1000000/second"  # type: ignore[attr-defined]
