"""The embedded PostgreSQL comes up whatever was done to it, and never disturbs another's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from leadqual import embedded, places, postgres, servers
from tests.ops.places import none_are_left_in


def ask(sql: str) -> Any:
    with closing(psycopg2.connect(embedded.database_url())) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None


def postmaster() -> int:
    return int((places.home() / "postgres" / "postmaster.pid").read_text().split()[0])


def start_again_after(act: Callable[[], object]) -> None:
    """Writes a row, does something to the stopped server's files, and finds the row in the started one."""
    with embedded.running():
        ask("CREATE TABLE kept AS SELECT 42 AS answer")
    act()
    with embedded.running():
        assert ask("SELECT answer FROM kept") == 42


def test_data_outlive_a_restart(var: Path) -> None:
    start_again_after(lambda: None)
    assert none_are_left_in(var)


def test_it_listens_on_a_socket_that_only_we_can_reach(var: Path) -> None:
    with embedded.running():
        assert ask("SHOW listen_addresses") == ""
        assert places.sockets().stat().st_mode & 0o077 == 0
        assert (places.home() / "postgres").stat().st_mode & 0o077 == 0


def test_letters_of_all_languages_have_two_cases(var: Path) -> None:
    with embedded.running():
        assert ask("SELECT lower('ÉLAN ÜBER ŁÓDŹ')") == "élan über łódź"


def test_a_killed_server_comes_up_again_with_what_was_committed(var: Path) -> None:
    with embedded.running():
        ask("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(postmaster(), signal.SIGKILL)
        assert servers.until(lambda: not postgres.runs(), 10)
    with embedded.running():
        assert ask("SELECT answer FROM kept") == 42
    assert none_are_left_in(var)


def test_a_pid_file_that_names_a_living_stranger_is_no_obstacle(var: Path) -> None:
    def write() -> None:
        stranger = f"{os.getpid()}\n{places.home() / 'postgres'}\n0\n5432\n{places.sockets()}\n\n\n"
        (places.home() / "postgres" / "postmaster.pid").write_text(stranger)
        (places.sockets() / ".s.PGSQL.5432.lock").write_text(stranger)

    start_again_after(write)


def test_stopping_ends_no_stranger_whom_the_pid_file_names(var: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with embedded.running():
            pass
        (places.home() / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{places.home() / 'postgres'}\n")
        embedded.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_copied_folder_runs_beside_its_original(folders: Callable[..., Path]) -> None:
    original = folders("one")
    with embedded.running():
        address = embedded.database_url()
        shutil.copytree(original, original.parent / "two", ignore=shutil.ignore_patterns("*.sock", ".s.PGSQL.5432"))
        folders("two", among=original.parent)
        with embedded.running():
            ask("CREATE TABLE only_in_the_copy ()")
        with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('only_in_the_copy')")
            assert cursor.fetchone() == (None,)
        folders("one", among=original.parent)


@pytest.mark.parametrize("name", ["with a blank and 'quotes'", "x" * 120])
def test_no_name_of_the_folder_is_too_odd(folders: Callable[..., Path], name: str) -> None:
    folders(name)
    start_again_after(lambda: None)


def test_a_first_start_that_was_cut_short_is_made_good(var: Path) -> None:
    var.mkdir()
    half = places.own(places.home() / "postgres.new")
    (half / "PG_VERSION").write_text("18\n")
    (half / "base").mkdir()
    start_again_after(lambda: None)


def test_data_of_another_version_are_refused_in_words(var: Path) -> None:
    with embedded.running():
        pass
    (places.home() / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(embedded.CannotStart, match="made by PostgreSQL 15"), embedded.running():
        pass


def test_what_keeps_it_from_starting_is_said(var: Path) -> None:
    with embedded.running():
        pass
    (places.home() / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(embedded.CannotStart, match="no_such_setting"), embedded.running():
        pass
    assert none_are_left_in(var)
