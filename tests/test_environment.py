"""What the environment says and cannot mean is refused by its name, before any process of ours begins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from leadqual.environment import Environment


@pytest.mark.parametrize("text", ["-1", "abc", "1.5", ""])
def test_a_whole_number_that_is_none_or_too_small_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_KEEP_DAYS", text)
    with pytest.raises(ImproperlyConfigured, match=f"LEAD_KEEP_DAYS must be a whole number from 0 on, not '{text}'"):
        Environment().whole("LEAD_KEEP_DAYS", default=0)


def test_one_that_can_be_meant_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_KEEP_DAYS", " 365 ")
    assert Environment().whole("LEAD_KEEP_DAYS", default=0) == 365
    assert Environment().whole("PREDICTION_KEEP_MONTHS_UNSET", default=3, least=1) == 3


def test_a_number_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "days").write_text("30\n")
    monkeypatch.setenv("LEAD_KEEP_DAYS_FILE", str(tmp_path / "days"))
    assert Environment().whole("LEAD_KEEP_DAYS", default=0) == 30


def test_a_word_that_is_none_of_those_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADQUAL_LOG_FORMAT", "JSON")  # would have been lines for a terminal, with what they show
    with pytest.raises(ImproperlyConfigured, match="LEADQUAL_LOG_FORMAT must be one of json, console, not 'JSON'"):
        Environment().one_of("LEADQUAL_LOG_FORMAT", ("json", "console"), default="json")


def test_spaces_beside_commas_belong_to_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOWED_HOSTS", "a.example, b.example")
    assert Environment().list("DJANGO_ALLOWED_HOSTS", default=[]) == ["a.example", "b.example"]
    assert Environment().list("ML_SNAPSHOT_AGES_DAYS", cast=float, default=[0, 1.5]) == [0, 1.5]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("LEAD_KEEP_DAYS", "settings"),
        ("PREDICTION_KEEP_MONTHS", "settings"),
        ("LEADQUAL_LOG_FORMAT", "settings"),
        ("WEB_WORKERS", "gunicorn_conf"),
        ("WEB_THREADS", "gunicorn_conf"),
    ],
)
def test_no_process_begins_with_such_a_setting(name: str, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import leadqual.{module}"],
        cwd=settings.BASE_DIR,
        env=os.environ | {name: "-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"{name} must be" in done.stderr.splitlines()[-1]
