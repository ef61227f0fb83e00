"""What the CRM or a colleague has written without a blank, an address perhaps, makes no page wider than the screen."""

import pytest
from django.utils import timezone

from experiments.tests.cast import an_experiment
from insights.models import SavedView
from leads.models import Dossier
from leads.tests.cast import DAY, an_attribute, an_event
from predictions.overriding import override
from predictions.tests.scored import a_scored_lead
from tests.journeys.conftest import Arrival

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
ENDLESS = "W" * 190


def an_endless_lead() -> Dossier:
    lead = a_scored_lead(0.6, number=42, source=ENDLESS, region=ENDLESS, owner=ENDLESS, status=ENDLESS[:60])
    an_attribute(lead, "wish", ENDLESS)
    an_event(lead, timezone.now() - DAY, ENDLESS[:60])
    override(org_id="default", dossier=lead, probability=0.1, reason=ENDLESS, by="anna", at=timezone.now())
    return lead


def test_no_page_scrolls_sideways_for_a_word_without_end(arrives: Arrival) -> None:
    anna = arrives("staff")
    an_endless_lead()
    experiment = an_experiment(days_ago=1, name=ENDLESS, description=ENDLESS)
    anna.goes("/ml-insights/?source=" + ENDLESS)
    anna.page.get_by_text("Keep this view").click()
    anna.fills("Its name", ENDLESS[:60])
    anna.presses("Keep")
    assert SavedView.objects.get().name == ENDLESS[:60]
    anna.looks()
    for path in ("leads/42/", f"experiments/{experiment.pk}/", f"experiments/{experiment.pk}/stop", "experiments/"):
        anna.goes(f"/ml-insights/{path}")
        anna.looks()
