"""A Chromium, a server, and an organisation with leads for those who go through the pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils.timezone import now
from playwright.sync_api import Browser, sync_playwright

from common import audit
from common.tests import people
from leads.tests.cast import MONDAY
from models_registry.activation import activate
from models_registry.models import ModelArtefact, ModelVersion
from tests.journeys.visitor import HEIGHT, WIDTHS, Visitor

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
Arrival = Callable[[str], Visitor]


@pytest.fixture
def chromium(live_server: Any) -> Iterator[Browser]:
    """The machine's own browser; without one the journeys are left out, as the other tests in a browser are.

    It comes after the database and goes before it: Playwright runs an event loop in this thread, and under one Django
    has other connections, which know nothing of what is to be put back after the test.
    """
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
        connections.close_all()


@pytest.fixture
def arrives(chromium: Browser, live_server: Any) -> Iterator[Arrival]:
    """Somebody of a role (sales, staff or admin) who has logged in at a window of their own."""
    contexts = []

    def arrive(role: str) -> Visitor:
        getattr(people, role)()
        context = chromium.new_context(viewport={"width": WIDTHS[0], "height": HEIGHT}, locale="en-GB")
        contexts.append(context)
        visitor = Visitor(context.new_page(), str(live_server.url))
        visitor.logs_in("admin" if role == "admin" else f"{role}-default")
        return visitor

    yield arrive
    for context in contexts:
        context.close()


@dataclass(frozen=True)
class Versions:
    """The names of an earlier version, and of the one that scores."""

    old: str
    new: str


@pytest.fixture
def scored(arrives: Arrival) -> Versions:
    """A demonstration of 400 leads, a version learnt from it and one that was before, and the open leads scored."""
    call_command("demo_data", "--leads", "400", verbosity=0)
    call_command("train_model", "--algorithm", "logistic_regression", verbosity=0)
    learnt = ModelVersion.objects.get()
    activate(org_id="default", version=learnt.version, by="tester", at=now())  # whatever the gate makes of so few leads
    call_command("score_leads", verbosity=0)
    return Versions(new=learnt.version, old=an_earlier_one(learnt))


def an_earlier_one(row: ModelVersion) -> str:
    """The same, as if it had been learnt at the beginning of the year, and scored until the other did."""
    content = bytes(row.artefact.content)
    row.pk, row.version, row.is_active, row.created_at = None, "20260101000000", False, MONDAY
    row.save(force_insert=True)
    ModelArtefact.objects.create(version=row, content=content)
    name = row.version
    audit.record(org_id=row.org_id, act="model.activate", subject=name, after=name, by="tester", at=MONDAY)
    return name
