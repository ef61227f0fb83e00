"""A salesperson finds a lead, understands it, supposes something, says what became of it; and what is not theirs."""

from __future__ import annotations

import pytest

from leads.models import Dossier, Outcome
from tests.journeys.conftest import Arrival, Versions

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def test_finds_a_lead_understands_it_supposes_and_says_what_became_of_it(arrives: Arrival, scored: Versions) -> None:
    anna = arrives("sales")
    anna.sees("Start here")
    anna.looks()
    anna.fills("Calls I can make today", "30")
    anna.presses("Show")
    anna.sees("30")
    anna.looks()
    number = Dossier.objects.open().exclude(score__probability=None).order_by("-score__probability").first().number
    anna.goes("/ml-insights/")
    anna.fills("Find", str(number))
    anna.presses("Show")
    anna.sees(f"Lead {number}")
    anna.sees("likely to convert")
    anna.sees("Speaks for it")
    anna.looks()

    slider = anna.finds(".lever input").first
    before = slider.input_value()
    slider.focus()
    slider.press("Home" if before != slider.get_attribute("min") else "End")
    anna.sees("instead of")
    anna.looks()

    anna.fills("Revenue in EUR (if it converted)", "1200")
    anna.presses("Converted")
    anna.sees("What stands below was judged before.")
    anna.looks()
    outcome = Outcome.objects.current().get(dossier__number=number)
    assert (outcome.converted, outcome.revenue, outcome.recorded_by) == (True, 1200, "sales-default")


def test_sees_how_it_goes_and_changes_nothing_that_is_not_theirs(arrives: Arrival, scored: Versions) -> None:
    anna = arrives("sales")
    for path in ("overview/", "models/", f"models/{scored.new}/", "models/compare", "quality/", "experiments/"):
        assert anna.goes(f"/ml-insights/{path}") == 200
        anna.looks()
        for act in ("Train now", "Roll back", "Activate", "Make an experiment", "Admin"):
            anna.misses(act)
    for path in (f"models/{scored.old}/activate", "experiments/new", "data/"):
        assert anna.goes(f"/ml-insights/{path}") == 403
        anna.looks()
    anna.goes("/admin/models_registry/modelversion/")
    assert "/admin/login/" in anna.page.url
    anna.looks()
