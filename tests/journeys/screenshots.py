"""`make screenshots`: every page, light and dark, as `make run` serves it, which is started where it does not run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from leadqual import embedded
from leadqual.prepare import demo_password

ROOT = Path(__file__).resolve().parent.parent.parent
ADDRESS = f"http://localhost:{os.environ.get('PORT', '8000')}"
SIZE = {"width": 1280, "height": 860}
PATIENCE_SECONDS = 1200
PAGES = {
    "log-in": "/accounts/login/",
    "today": "/ml-insights/",
    "calls": "/ml-insights/?calls=30",
    "lead": "LEAD",
    "overview": "/ml-insights/overview/",
    "models": "/ml-insights/models/",
    "compare": "/ml-insights/models/compare",
    "keeps-its-word": "/ml-insights/quality/",
    "data": "/ml-insights/data/",
    "experiments": "/ml-insights/experiments/",
    "experiment-plan": "/ml-insights/experiments/plan",
    "admin": "/admin/",
    "admin-versions": "/admin/models_registry/modelversion/",
    "admin-runs": "/admin/models_registry/trainingrun/",
    "admin-rules": "/admin/models_registry/scoringrule/",
    "admin-schedules": "/admin/django_celery_beat/periodictask/",
    "admin-leads": "/admin/leads/dossier/",
    "admin-audit": "/admin/common/auditentry/",
    "admin-tokens": "/admin/common/servicetoken/add/",
}
LEAD = "LEAD"
IN_THE_README = {
    "today-light": "today.jpg",
    "lead-light": "lead.jpg",
    "models-dark": "models.jpg",
    "admin-rules-light": "admin.jpg",
}


def main() -> None:
    """Takes them all, and renews those that stand in the README."""
    folder = embedded.var_dir() / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with served(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in ("light", "dark"):
            page = browser.new_context(viewport=SIZE, color_scheme=theme, locale="en-GB").new_page()
            take_all(page, folder, theme)
    print(f"{2 * len(PAGES)} pictures in {folder}; those of the README are renewed.")


def take_all(page: Page, folder: Path, theme: str) -> None:
    """The log-in first, and then what a superuser sees."""
    for name, path in PAGES.items():
        page.goto(ADDRESS + (best_lead(page) if path == LEAD else path))
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}-{theme}.png")
        if kept := IN_THE_README.get(f"{name}-{theme}"):  # small: a README is read over a telephone, too
            page.screenshot(path=ROOT / "docs" / "images" / kept, type="jpeg", quality=80)
        if name == "log-in":
            page.get_by_label("Name").fill("admin")
            page.get_by_label("Password").fill(demo_password())
            page.get_by_role("button", name="Log in").click()
            page.wait_for_load_state()


def best_lead(page: Page) -> str:
    """The address of the first lead on the list."""
    page.goto(f"{ADDRESS}/ml-insights/")
    return page.locator(".lead h2 a").first.get_attribute("href") or ""


@contextmanager
def served() -> Iterator[None]:
    """What runs already, or `make run` for as long as the pictures take."""
    if answers():
        yield
        return
    process = subprocess.Popen([sys.executable, "-m", "leadqual.run"], cwd=ROOT)
    try:
        wait_for(process)
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for(process: subprocess.Popen[bytes]) -> None:
    """Raises SystemExit where it ends, or answers nothing for long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit("`make run` does not serve")
        time.sleep(1)


def answers() -> bool:
    """Whether somebody serves there."""
    try:
        with urllib.request.urlopen(f"{ADDRESS}/health/live", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    main()
