"""A real browser, told what to do by the WebDriver protocol, and asked what it has complained of."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.processes import free_port

DRIVER = shutil.which("chromedriver")
OPTIONS = {
    "goog:chromeOptions": {"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]},
    "goog:loggingPrefs": {"browser": "ALL"},
}


class Browser:
    """One window."""

    def __init__(self, address: str) -> None:
        self.address = address
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": OPTIONS}})
        self.session = f"/session/{made['sessionId']}"

    def open(self, url: str) -> None:
        """Goes there, and waits until the page is loaded."""
        self._ask("POST", f"{self.session}/url", {"url": url})

    def let_in(self, cookie: str) -> None:
        """Carries a session's cookie from now on."""
        self._ask("POST", f"{self.session}/cookie", {"cookie": {"name": "sessionid", "value": cookie}})

    def run(self, script: str) -> Any:
        """What a script of ours answers in the page."""
        return self._ask("POST", f"{self.session}/execute/sync", {"script": script, "args": []})

    def complaints(self) -> list[str]:
        """What the browser has written to its console since it was asked last."""
        return [each["message"] for each in self._ask("POST", f"{self.session}/se/log", {"type": "browser"})]

    def close(self) -> None:
        """Closes the window."""
        self._ask("DELETE", self.session)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; without one on this machine the test is left out."""
    if DRIVER is None:
        pytest.skip("there is no chromedriver here")
    port = free_port()
    driver = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        browser = _when_ready(f"http://127.0.0.1:{port}")
        yield browser
        browser.close()
    finally:
        driver.terminate()
        driver.wait()


def _when_ready(address: str) -> Browser:
    for _ in range(600):
        try:
            return Browser(address)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("chromedriver does not answer")
