"""Where the web server listens: LEADQUAL_HOST may be of either family."""

from __future__ import annotations

import runpy

import pytest

from leadqual import gunicorn_conf


@pytest.mark.parametrize(("host", "bind"), [("::1", "[::1]:8123"), ("0.0.0.0", "0.0.0.0:8123"), ("", "127.0.0.1:8123")])
def test_an_address_of_six_is_in_brackets(monkeypatch: pytest.MonkeyPatch, host: str, bind: str) -> None:
    monkeypatch.setenv("LEADQUAL_HOST", host)
    monkeypatch.setenv("PORT", "8123")
    assert runpy.run_path(gunicorn_conf.__file__)["bind"] == bind
