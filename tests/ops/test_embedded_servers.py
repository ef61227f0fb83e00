"""The servers run from their first user to their last."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from leadqual import embedded, places, postgres, valkey
from tests.ops.places import none_are_left_in

USER = (
    "import sys; from leadqual import embedded\nwith embedded.running(): print('in', flush=True); sys.stdin.readline()"
)


def another_user() -> subprocess.Popen[str]:
    """Another process that uses the servers until it is told to end."""
    user = subprocess.Popen([sys.executable, "-c", USER], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert user.stdout is not None
    assert user.stdout.readline() == "in\n"
    return user


def by_hand(act: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "leadqual.embedded", act], text=True, capture_output=True, check=False)


def test_the_last_user_stops_them_and_not_the_first(var: Path) -> None:
    user = another_user()
    with embedded.running():
        user.communicate("\n")
        assert (postgres.runs(), valkey.runs()) == (True, True)
    assert none_are_left_in(var)


def test_servers_of_a_killed_user_are_taken_over_and_stopped(var: Path) -> None:
    user = another_user()
    user.send_signal(signal.SIGKILL)
    user.communicate()
    assert postgres.runs()
    with embedded.running():
        assert (postgres.runs(), valkey.runs()) == (True, True)
    assert none_are_left_in(var)


def test_started_by_hand_they_stay_until_stopped_by_hand(var: Path) -> None:
    assert by_hand("start").returncode == 0
    with embedded.running():
        pass
    assert by_hand("status").stdout.startswith("PostgreSQL runs, Valkey runs")
    assert by_hand("stop").returncode == 0
    assert by_hand("status").stdout.startswith("PostgreSQL does not run, Valkey does not run")
    assert none_are_left_in(var)


@pytest.mark.parametrize("act", ["stop", "clean"])
def test_what_is_used_is_neither_stopped_nor_forgotten(var: Path, act: str) -> None:
    with embedded.running():
        refused = by_hand(act)
        assert (refused.returncode, "stop that first" in refused.stderr) == (1, True)
        assert (postgres.runs(), valkey.runs()) == (True, True)


def test_clean_forgets_data_and_secrets_and_nothing_of_others(var: Path) -> None:
    with embedded.running():
        key = embedded.secret_key()
    (var / "notes.txt").write_text("mine")
    assert by_hand("clean").returncode == 0
    assert {path.name for path in var.iterdir()} - {"servers.lock", "users.lock"} == {"notes.txt"}
    assert embedded.secret_key() != key


def test_a_server_that_has_a_name_is_not_started(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/leads")
    monkeypatch.setenv("REDIS_URL_FILE", "/run/secrets/redis")
    with embedded.running():
        assert (postgres.runs(), valkey.runs()) == (False, False)
    assert embedded.wanted() == (False, False)


def test_secrets_are_made_once_and_for_their_owner_alone(var: Path) -> None:
    assert len(embedded.secret_key()) >= 50
    assert embedded.secret_key() == embedded.secret_key()
    assert stat.S_IMODE((var / "secret_key").stat().st_mode) == 0o600
    assert places.secret("demo_password", letters=12, wanted="a wish") == "a wish"
    assert places.secret("demo_password", letters=12) == "a wish"


def test_figures_are_shared_in_memory_where_there_is_such_a_place(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "shm"
    monkeypatch.setattr(places, "SHARED_MEMORY", memory)
    assert places.figures() == var / "prometheus"
    memory.mkdir()
    assert places.figures().parent == memory
    embedded.clean()
    assert not [*memory.iterdir(), *var.glob("prometheus")]


def test_a_folder_that_cannot_be_used_is_named(var: Path) -> None:
    var.write_text("no folder")
    with pytest.raises(embedded.CannotStart, match=str(var)), embedded.running():
        pass
    os.unlink(var)


def test_a_strangers_folder_for_sockets_is_refused(var: Path, tmp_path: Path) -> None:
    var.mkdir()
    (places.home() / "run").symlink_to(tmp_path)
    with pytest.raises(embedded.CannotStart, match="not a folder of ours"), embedded.running():
        pass
    (places.home() / "run").unlink()
