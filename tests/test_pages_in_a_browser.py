"""Every page in a real browser under the policy that it is served with: nothing is refused, and scripts work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from common.tests import people
from experiments.models import Experiment
from experiments.tests.cast import an_experiment, exposed
from models_registry.tests.artefacts import kept
from predictions.models import ScoreJob
from predictions.tests.scored import a_scored_lead
from tests.access.addresses import tables
from tests.browser import Browser, browser

__all__ = ["browser"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
VERSION = "20260101000000"
PAGES = [
    "/ml-insights/",
    "/ml-insights/?calls=30",
    "/ml-insights/overview/",
    "/ml-insights/leads/42/",
    "/ml-insights/leads/42/what-if?appointments_count=1",
    "/ml-insights/models/",
    "/ml-insights/models/compare",
    f"/ml-insights/models/{VERSION}/",
    f"/ml-insights/models/{VERSION}/activate",
    f"/ml-insights/models/{VERSION}/card",
    "/ml-insights/data/",
    "/ml-insights/quality/",
    "/ml-insights/experiments/",
    "/ml-insights/experiments/plan",
    "/ml-insights/experiments/self-test",
    "/ml-insights/experiments/new?control=RULE_BASED&treatment=ML",
    "/admin/",
    "/admin/common/servicetoken/add/",
    "/admin/models_registry/trainingrun/train/",
    f"/admin/models_registry/modelversion/compare/?one={VERSION}&other={VERSION}",
    *(f"/admin/{label.replace('.', '/')}/" for label in tables()),
    "/admin/django_celery_beat/periodictask/add/",
    "/nowhere",
]


@pytest.fixture
def address(live_server: Any) -> str:
    a_scored_lead(number=42, model_version=kept(VERSION, is_active=True).version)
    exposed(an_experiment(days_ago=60), "control", 3, converted=1)
    return str(live_server.url)


def refused(browser: Browser) -> list[str]:
    """What the policy forbade, or a script stumbled over."""
    words = ("Content Security Policy", "Uncaught", "Refused to")
    return [each for each in browser.complaints() if any(word in each for word in words)]


def test_before_logging_in(browser: Browser, address: str) -> None:
    for path in ("/accounts/login/", "/admin/login/", "/api/docs/"):
        browser.open(address + path)
        assert refused(browser) == [], path
    assert browser.run("return document.querySelector('#swagger-ui').children.length") > 0


def test_all_that_a_superuser_sees(browser: Browser, address: str) -> None:
    browser.open(address + "/accounts/login/")
    browser.let_in(people.admin().cookies["sessionid"].value)
    found = {}
    for path in (*PAGES, f"/ml-insights/experiments/{Experiment.objects.get().pk}/"):
        browser.open(address + path)
        browser.run("window.scrollTo(0, document.body.scrollHeight)")
        found[path] = refused(browser)
    assert {path: complaints for path, complaints in found.items() if complaints} == {}


def test_a_list_whose_session_ended_goes_to_log_in_and_one_without_an_answer_says_so(
    browser: Browser, address: str
) -> None:
    client = people.admin()
    browser.open(address + "/accounts/login/")
    browser.let_in(client.cookies["sessionid"].value)
    browser.open(address + "/ml-insights/")
    note = "return document.querySelector('[data-unanswered]').innerText"
    assert browser.run(note) == ""
    browser.run("htmx.ajax('GET', '/nowhere', '#found')")
    assert when(lambda: "did not answer" in browser.run(note))
    assert browser.run("return document.querySelector('#found') !== null")
    change = "document.querySelector('.filters select').dispatchEvent(new Event('change', {bubbles: true}))"
    browser.run(change)
    assert when(lambda: browser.run(note) == "")
    client.logout()
    browser.run(change)
    log_in = "/accounts/login/?next=/ml-insights/"  # and what the list showed
    assert when(lambda: browser.run("return location.pathname + location.search").startswith(log_in))


def test_what_moves_by_itself_asks_who_was_logged_out_to_log_in_again(browser: Browser, address: str) -> None:
    client = people.admin()
    browser.open(address + "/accounts/login/")
    browser.let_in(client.cookies["sessionid"].value)
    ScoreJob.objects.create(total=1)
    browser.open(address + "/ml-insights/")
    assert browser.run("return document.querySelector('[data-follow]') !== null")
    client.logout()
    assert when(lambda: browser.run("return location.pathname") == "/accounts/login/")


def test_what_narrows_the_list_is_told_beside_the_filters_without_a_reload(browser: Browser, address: str) -> None:
    browser.open(address + "/accounts/login/")
    browser.let_in(people.admin().cookies["sessionid"].value)
    browser.open(address + "/ml-insights/")
    told = "return document.querySelector('details.more').textContent.replace(/\\s+/g, ' ')"
    assert "More filters Source" in browser.run(told)
    browser.run("document.querySelector('#search').value = 'nobody'; htmx.trigger('.filters', 'submit')")
    assert when(lambda: "More filters (1) Source" in browser.run(told))
    assert "Show all leads" in browser.run(told)


def when(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold."""
    until = time.monotonic() + 60
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.1)
    return held
