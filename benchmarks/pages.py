"""Every page of /ml-insights/ among many leads: how soon it is painted, by how many statements, with how many scripts.

`python -m benchmarks.pages [--leads 100000] [--predictions 2000000] [--times 3] [--keep] [--only today]`
Served as production does, looked at by a headless Chromium that has nothing in its cache. Fills a database on the
embedded servers and drops it; `--keep` keeps it for the next time (LEADQUAL_VAR says where). Prints one table;
`processor` is the processor time of the page in one process and its PostgreSQL backend.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.many import ORG, many
from benchmarks.processor import milliseconds
from benchmarks.serving import web_server

SIZE = {"width": 1440, "height": 900}
TIMES = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return {first_byte: page.responseStart - page.startTime, paint: paint ? paint.startTime : page.domInteractive};
}"""
SCRIPTS = """() => performance.getEntriesByType("resource").filter((each) => each.initiatorType === "script")
  .reduce((sum, each) => sum + each.encodedBodySize, 0)"""
PEOPLE = "benchmark"
AVERAGED = 5


@dataclass(frozen=True)
class Seen:
    """One visit: milliseconds to the first byte and to the first paint, kilobytes of JavaScript as they are sent."""

    first_byte: float
    paint: float
    scripts: float


def main() -> None:
    """Runs it all."""
    asked = _arguments()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread
    with many(asked.leads, asked.predictions, keep=asked.keep), tempfile.TemporaryDirectory() as folder:
        from django.conf import settings  # noqa: PLC0415
        from django.core.management import call_command  # noqa: PLC0415

        if not Path(settings.STATIC_ROOT, "staticfiles.json").exists():
            call_command("collectstatic", verbosity=0, interactive=False)
        session, pages = _session(), {name: path for name, path in _pages() if asked.only in name}
        alone = {name: _alone(session, path) for name, path in pages.items()}
        with web_server(Path(folder)) as (port, _), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            print("| page | first byte | first paint | processor | SQL statements | JavaScript |")
            print("|---|---|---|---|---|---|")
            for name, path in pages.items():
                visits = [_visit(browser, f"http://localhost:{port}{path}", session) for _ in range(asked.times)]
                _tell(name, visits, *alone[name])
            browser.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--predictions", type=int, default=2_000_000)
    parser.add_argument("--times", type=int, default=3, help="visits of each page, of which the median counts")
    parser.add_argument("--keep", action="store_true", help="the database stays, and is found the next time")
    parser.add_argument("--only", default="", help="only pages with this in their name")
    return parser.parse_args()


def _session() -> str:
    """The session of somebody of the organisation who may do anything."""
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from common.tenancy import Membership  # noqa: PLC0415

    user, _ = User.objects.get_or_create(username=PEOPLE, defaults={"is_superuser": True, "is_staff": True})
    Membership.objects.get_or_create(user=user, org_id=ORG)
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def _pages() -> Iterator[tuple[str, str]]:
    from experiments.models import Experiment  # noqa: PLC0415
    from leads.models import LeadScore  # noqa: PLC0415
    from models_registry.models import ModelVersion  # noqa: PLC0415

    new, old = ModelVersion.objects.of(ORG).order_by("-is_active").values_list("version", flat=True)[:2]
    best = LeadScore.objects.of(ORG).order_by("-probability").values_list("dossier__number", flat=True)[0]
    today, models = "/ml-insights/", "/ml-insights/models/"
    lead = f"{today}leads/{best}/"
    yield "today", today
    yield "today by expected value", f"{today}?order=expected_value"
    yield "today, page 1,000", f"{today}?cursor={_far()}"
    yield "today, one action", f"{today}?action=NURTURE"
    yield "today, source and region", f"{today}?source=portal&region=region+7"
    yield "today, an attribute", f"{today}?attribute=rooms&value=3"
    yield "today, an attribute's bound", f"{today}?attribute=rooms&value=%3E4"
    yield "today, search", f"{today}?search=city+77"
    yield "today, a search in vain", f"{today}?search=nothing+of+the+kind"
    yield "today, 30 calls", f"{today}?calls=30"
    yield "lead", lead
    yield "lead, why it changed", f"{lead}change"
    yield "lead, what if", f"{lead}what-if?appointments_count=3"
    yield "overview", f"{today}overview/"
    yield "overview, live", f"{today}overview/live"
    yield "models", models
    yield "models, compare", f"{models}compare"
    yield "a version", f"{models}{new}/"
    yield "a version, to activate", f"{models}{old}/activate"
    yield "a version, preview", f"{models}{old}/preview"
    yield "quality", f"{today}quality/"
    yield "data", f"{today}data/"
    yield "experiments", f"{today}experiments/"
    yield "experiments, plan", f"{today}experiments/plan"
    yield "an experiment", f"{today}experiments/{Experiment.objects.of(ORG).latest('pk').pk}/"


def _far() -> str:
    """The cursor of the page that begins with the 50,000th of the ranked leads, or the middle one."""
    from leads.models import LeadScore  # noqa: PLC0415

    ranked = LeadScore.objects.of(ORG).order_by("-probability", "dossier").values_list("probability", "dossier")
    probability, key = ranked[min(50_000, ranked.count() // 2)]
    return (
        base64.urlsafe_b64encode(json.dumps(["after", "probability", probability, key]).encode()).decode().rstrip("=")
    )


def _alone(session: str, path: str) -> tuple[float, int]:
    """Milliseconds of processor of the page in this process and its backend, and how many statements it takes."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client = Client(SERVER_NAME="localhost")
    client.cookies["sessionid"] = session
    for _ in range(2):  # the first reads the model
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
    statements = len(captured)  # the next request forgets them
    return milliseconds(client.get, [path] * AVERAGED), statements


def _visit(browser: Browser, address: str, session: str) -> Seen:
    context: Any = browser.new_context(viewport=SIZE, locale="en-GB")
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    seen = page.evaluate(TIMES)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    scripts = page.evaluate(SCRIPTS)
    context.close()
    return Seen(seen["first_byte"], seen["paint"], scripts / 1000)


def _tell(name: str, visits: list[Seen], processor: float, statements: int) -> None:
    first_byte, paint, scripts = (
        statistics.median(getattr(each, what) for each in visits) for what in ("first_byte", "paint", "scripts")
    )
    times = f"{first_byte:.0f} ms | {paint:.0f} ms | {processor:.0f} ms"
    print(f"| {name} | {times} | {statements} | {scripts:.0f} kB |", flush=True)


if __name__ == "__main__":
    main()
