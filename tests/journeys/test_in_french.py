"""A salesperson reads French, whose words are longer, on a telephone: nothing is cut off there, figures neither."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from common.tests import people
from models_registry.tests.artefacts import give_artefact
from models_registry.tests.cards import a_version
from predictions.tests.scored import a_scored_lead, again
from tests.journeys.visitor import HEIGHT, WIDTHS, Visitor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
CUT_OFF = """[...document.querySelectorAll("[data-figure] svg text")].filter((each) => {
  const [text, box] = [each, each.closest("[data-figure]")].map((of) => of.getBoundingClientRect());
  return text.width && (text.left < box.left - 1 || text.right > box.right + 1);
}).map((each) => each.textContent)"""

SQUEEZED = """[...document.querySelectorAll(".lead")].filter((row) =>
  row.querySelector("h2 a").getClientRects().length > 1
  || row.querySelector(".action").getBoundingClientRect().right > row.getBoundingClientRect().right
).map((row) => row.innerText)"""


def test_a_lead_and_the_models(chromium: Browser, live_server: Any) -> None:
    version = give_artefact(a_version(is_active=True)).version
    again(lead := a_scored_lead(0.9, model_version=version, action="HIGH_PRIORITY"), 0.8, days_ago=3)
    people.staff()
    reader = Visitor(chromium.new_page(locale="fr-FR"), str(live_server.url))
    reader.goes("/accounts/login/")
    reader.fills("Nom", "staff-default")
    reader.fills("Mot de passe", "x")
    reader.presses("Se connecter")
    a_scored_lead(0.6, number=2764, action="MEDIUM_PRIORITY", source="website", region="Hauts-de-France", owner="nord")
    assert reader.goes("/ml-insights/") == 200
    for width in (WIDTHS[1], 320):
        reader.page.set_viewport_size({"width": width, "height": HEIGHT})
        assert reader.page.evaluate(SQUEEZED) == [], width
    for path in (f"/ml-insights/leads/{lead.number}/", "/ml-insights/models/", "/ml-insights/quality/"):
        assert reader.goes(path) == 200
        assert reader.finds("html").get_attribute("lang") == "fr"
        for figure in reader.finds("[data-figure]").all():
            figure.locator("svg").first.wait_for()  # also where nobody has scrolled to
        reader.looks()
        reader.page.set_viewport_size({"width": WIDTHS[1], "height": HEIGHT})
        for figure in reader.finds("[data-figure]").all():
            figure.scroll_into_view_if_needed()
            figure.locator("svg").first.wait_for()
        assert reader.page.evaluate(CUT_OFF) == [], path
    reader.page.close()
