"""What a salesperson reads on a telephone: nothing lies over what stands beside it, and no answer is behind an edge."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from common.jobs import JobStatus
from leads.models import Dossier, ImportJob
from predictions.tests.scored import a_scored_lead
from tests.journeys.conftest import Arrival
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
GAP = """([name, action]) => Math.round(
  action.getBoundingClientRect().left - Math.max(...[...name.querySelectorAll("span, bdi")].map((each) =>
    Math.max(...[...each.getClientRects()].map((line) => line.right)))))"""
BEHIND = "(box) => box.scrollWidth - box.clientWidth"


def on_a_telephone(visitor: Visitor) -> Visitor:
    visitor.page.set_viewport_size({"width": 390, "height": 900})
    return visitor


def test_an_age_does_not_run_into_the_action_beside_it_in_french_either(arrives: Arrival) -> None:
    for number in (1, 2):  # the first stands above its action, the second beside it
        a_scored_lead(0.6 - number / 100, number=number, action="NURTURE", source="website", owner="team-south")
    Dossier.objects.update(created_at=now() - timedelta(days=24))
    anna = on_a_telephone(arrives("sales"))
    anna.goes("/ml-insights/")
    anna.presses("Français")
    anna.sees("3 semaines d’ancienneté")
    row = anna.finds(".lead").nth(1)
    boxes = [row.locator(part).element_handle() for part in (".name", ".do")]
    assert anna.page.evaluate(GAP, boxes) >= 0


def test_a_plan_shows_the_days_of_each_lift_without_scrolling(arrives: Arrival) -> None:
    anna = on_a_telephone(arrives("sales"))
    anna.goes("/ml-insights/experiments/plan?rate=20&per_day=14")
    anna.presses("Français")
    anna.sees("+50 %")
    assert anna.finds(".lifts").locator("..").evaluate(BEHIND) == 0


def test_how_an_import_went_is_seen_without_scrolling(arrives: Arrival) -> None:
    told = {"status": JobStatus.SUCCEEDED, "rows": 12_000, "accepted": 11_990, "rejected": 10}
    ImportJob.objects.create(filename="export_2026-11-27_all_leads.csv", started_by="anna.dupont", **told)
    anna = on_a_telephone(arrives("staff"))
    anna.goes("/ml-insights/data/")
    anna.presses("Français")
    anna.sees("Rejetées")
    assert anna.finds("section:has(#imports) .scroll").evaluate(BEHIND) == 0
