"""A person at a browser, who goes, presses and reads; each page that is looked at is held to what a page must keep."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

WIDTHS = (1440, 390)
HEIGHT = 900
GRAVE = ("serious", "critical")
COMPLAINTS = ("Content Security Policy", "Uncaught", "Refused to")
OVERHANG = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TOO_WIDE = """[...document.querySelectorAll("main *, header *")].filter((each) =>
  each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll")).slice(0, 5).map((each) =>
  each.outerHTML.slice(0, 120))"""
COMES_LATER = "[data-figure], [hx-trigger]"
AXE = Axe()
PATIENCE = 120_000
"""Milliseconds for a browser to do what it is asked to: where two cores are busy with others, its 30 s are too few."""


class Visitor:
    """One person in one window."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def logs_in(self, name: str, password: str = "x") -> None:
        """By the form, as people do."""
        self.goes("/accounts/login/")
        self.fills("Name", name)
        self.fills("Password", password)
        self.presses("Log in")

    def goes(self, path: str) -> int:
        """To an address of ours; the status that it answers with."""
        answer = self.page.goto(self.address + path)
        assert answer is not None
        return answer.status

    def presses(self, name: str | re.Pattern[str]) -> None:
        """The first button or link of that name, and waits for what it leads to."""
        button = self.page.get_by_role("button", name=name, exact=True)
        button.or_(self.page.get_by_role("link", name=name, exact=True)).first.click()
        self.page.wait_for_load_state()

    def fills(self, label: str, value: str) -> None:
        """The field of that name."""
        self.page.get_by_label(label, exact=True).first.fill(value)

    def chooses(self, label: str, value: str) -> None:
        """One of what a list offers, by its value."""
        self.page.get_by_label(label, exact=True).first.select_option(value)

    def sees(self, words: str | re.Pattern[str]) -> None:
        """Waits until the page says so."""
        expect(self.page.locator("main").first).to_contain_text(words, timeout=PATIENCE)

    def misses(self, name: str) -> None:
        """There is no such button or link."""
        assert not self.page.get_by_role("button", name=name).count()
        assert not self.page.get_by_role("link", name=name).count()

    def finds(self, selector: str) -> Locator:
        """What is there by a selector."""
        return self.page.locator(selector)

    def looks(self) -> None:
        """At the page in both widths: axe finds nothing grave, nothing is cut off, and the policy refuses nothing."""
        assert not self.complaints, self.complaints
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            self.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
            if self.page.locator(COMES_LATER).count():
                self.page.wait_for_load_state("networkidle")
            where = f"{self.page.url} at {width}"
            assert self._fits(), f"{where} scrolls sideways: {self.page.evaluate(TOO_WIDE)}"
            found = grave(AXE.run(self.page).response)
            assert not found, f"{where}: {found}"
        self.page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        self.complaints.clear()  # what axe itself tried is not the page's

    def _fits(self) -> bool:
        """Whether nothing stands out sideways, once figures are drawn anew for the width."""
        for _ in range(50):
            if self.page.evaluate(OVERHANG) <= 0:
                return True
            self.page.wait_for_timeout(100)
        return False

    def _heard(self, message: ConsoleMessage) -> None:
        if any(word in message.text for word in COMPLAINTS):
            self.complaints.append(message.text)


def grave(found: dict[str, Any]) -> list[str]:
    """What axe holds for serious or critical, each with the first place where it is so."""
    return [
        f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:200]}"
        for each in found["violations"]
        if each["impact"] in GRAVE
    ]
