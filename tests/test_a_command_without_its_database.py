"""A command whose database is away says so in one sentence, and shows no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

AWAY = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
AWAY |= {"CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}


def manage(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=os.environ | AWAY, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("more", [[], ["--traceback"]])
def test_a_command_says_that_the_database_cannot_be_reached(tmp_path: Path, more: list[str]) -> None:
    leads = tmp_path / "leads.csv"
    leads.write_text("dossier_id,created_at,status\n1,2026-06-01,NEW\n", encoding="utf-8")
    done = manage("import_leads", "--leads", str(leads), *more)
    assert done.returncode == 1
    assert ("Traceback" in done.stderr) == bool(more)
    assert done.stderr.startswith("The database cannot be reached: ") != bool(more)
