"""A backup holds everything, of one moment, and what is made from it is equal."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings

from leadqual import backups, postgres
from leads.tests.cast import a_lead
from models_registry.models import ModelVersion
from predictions.models import Prediction
from predictions.scoring import score_leads

ELSEWHERE = "test_restored"


@pytest.fixture
def something(
    transactional_db: None, django_db_serialized_rollback: None, tmp_path: Path, settings: Any
) -> list[Prediction]:
    """Leads with predictions, a version that is active, and an upload."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "leads.csv").write_text("number\n1\n")
    leads = [a_lead(number=number + 1) for number in range(5)]
    made = [each.prediction for each in score_leads(org_id="default", dossiers=leads)]
    ModelVersion.objects.create(version="20260101000000", algorithm="forest", is_active=True, digest="0" * 64)
    return made


@pytest.fixture
def elsewhere() -> Iterator[dict[str, str]]:
    """An empty database, as the environment names it."""
    with contextlib.closing(psycopg2.connect(postgres.url("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {ELSEWHERE}")
            cursor.execute(f"CREATE DATABASE {ELSEWHERE}")
            yield {"DATABASE_URL": postgres.url(ELSEWHERE)}
            cursor.execute(f"DROP DATABASE {ELSEWHERE} WITH (FORCE)")


def restored(folder: Path, environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """What the command says."""
    return subprocess.run(
        [sys.executable, "-m", "leadqual.backups", "restore", str(folder), *options],
        cwd=settings.BASE_DIR,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def rows(statement: str) -> list[Any]:
    with contextlib.closing(psycopg2.connect(postgres.url(ELSEWHERE))) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.mark.slow
def test_restored_elsewhere_predictions_and_active_version_are_equal(
    something: list[Prediction], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    manifest = backups.make(tmp_path / "backup")
    assert manifest["facts"]["predictions"] == len(something)
    media = tmp_path / "media of elsewhere"
    done = restored(tmp_path / "backup", elsewhere | {"LEADQUAL_MEDIA_ROOT": str(media)})
    assert done.returncode == 0, done.stderr
    assert "5 predictions, active: 20260101000000 (default)" in done.stdout
    found = rows("SELECT id, conversion_probability FROM ml_prediction ORDER BY id")
    assert found == sorted((each.pk, each.conversion_probability) for each in something)
    assert rows("SELECT version FROM ml_model_version WHERE is_active") == [("20260101000000",)]
    assert rows("SELECT count(*) FROM django_migrations")[0][0] > 20
    assert (media / "leads.csv").read_text() == "number\n1\n"
    with pytest.raises(psycopg2.Error):  # what guards the rows is there as well
        rows("INSERT INTO ml_model_version (version) VALUES ('1')")
    again = restored(tmp_path / "backup", elsewhere)
    assert again.returncode == 1
    assert "--replace" in again.stderr
    assert restored(tmp_path / "backup", elsewhere, "--replace").returncode == 0


@pytest.mark.slow
def test_a_restore_that_fails_leaves_what_was_there(
    something: list[Prediction], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    folder, media = tmp_path / "backup", {"LEADQUAL_MEDIA_ROOT": str(tmp_path / "media of elsewhere")}
    backups.make(folder)
    assert restored(folder, elsewhere | media).returncode == 0
    read_only = {"DATABASE_URL": f"{elsewhere['DATABASE_URL']}?options=-c%20default_transaction_read_only%3Don"}
    half = (folder / "database.dump").read_bytes()[:-1000]
    (folder / "database.dump").write_bytes(half)
    manifest = json.loads((folder / "manifest.json").read_text()) | {"sha256": hashlib.sha256(half).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for environment, why in ((elsewhere, "end of file"), (elsewhere | read_only, "read-only transaction")):
        done = restored(folder, environment | media, "--replace")
        assert done.returncode == 1
        assert "Nothing was changed" in done.stderr
        assert why in done.stderr
        assert rows("SELECT count(*) FROM ml_prediction") == [(len(something),)]


def test_what_an_older_server_does_not_know_is_found_where_it_is_looked_for(
    something: list[Prediction], tmp_path: Path
) -> None:
    backups.make(tmp_path / "backup")
    told: list[str | Path] = [postgres.program("pg_restore"), "--file=-", tmp_path / "backup" / "database.dump"]
    lines = subprocess.run(told, capture_output=True, check=True).stdout.splitlines(keepends=True)
    assert lines.index(backups.UNKNOWN_BEFORE_17) < backups.PREAMBLE_LINES


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert backups.main(["make", str(tmp_path / "file" / "backup")]) == 1
    assert "Not a directory" in capsys.readouterr().err


def test_a_backup_takes_no_ones_place_and_is_whole(something: list[Prediction], tmp_path: Path) -> None:
    backups.make(tmp_path / "backup")
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == ["database.dump", "manifest.json", "media"]
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    with pytest.raises(backups.Refused, match="already"):
        backups.make(tmp_path / "backup")
    (tmp_path / "backup" / "database.dump").write_bytes(b"altered")
    with pytest.raises(backups.Refused, match="digest"):
        backups.restore(tmp_path / "backup", replace=True)
    assert Prediction.objects.count() == len(something)  # nothing was changed


def test_an_upload_whose_import_ends_meanwhile_is_passed_over(
    something: list[Prediction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "media" / "ended.upload").write_text("number\n2\n")
    copy = shutil.copy2

    def copy_once_it_has_ended(source: str, target: str) -> str:
        (tmp_path / "media" / "ended.upload").unlink(missing_ok=True)
        return copy(source, target)

    monkeypatch.setattr(shutil, "copy2", copy_once_it_has_ended)
    backups.make(tmp_path / "backup")
    assert "leads.csv" in {path.name for path in (tmp_path / "backup" / "media").iterdir()}


def test_half_a_backup_is_not_left_behind(
    something: list[Prediction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: str, target: str) -> str:
        raise OSError("the disk is full")

    monkeypatch.setattr(shutil, "copy2", fail)
    with pytest.raises(shutil.Error, match="the disk is full"):
        backups.make(tmp_path / "backup")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("backup")] == []


def test_two_do_not_write_one_backup_and_what_a_killed_one_left_is_no_part_of_it(
    something: list[Prediction], tmp_path: Path
) -> None:
    (tmp_path / "backup.part").mkdir()
    (tmp_path / "backup.part" / "left by one that was killed").write_text("")
    another = os.open(tmp_path / "backup.part", os.O_RDONLY)
    fcntl.flock(another, fcntl.LOCK_EX)
    with pytest.raises(backups.Refused, match="another process"):
        backups.make(tmp_path / "backup")
    os.close(another)
    backups.make(tmp_path / "backup")
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == ["database.dump", "manifest.json", "media"]


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"facts": {}}))
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(backups.Refused, match="not a backup"):
            backups.restore(folder)
