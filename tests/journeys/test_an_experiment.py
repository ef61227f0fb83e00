"""An experiment from the plan to the decision."""

from __future__ import annotations

import pytest

from experiments.models import Experiment
from tests.journeys.conftest import Arrival, Versions

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def test_is_planned_made_started_read_and_stopped(arrives: Arrival, scored: Versions) -> None:
    otto = arrives("staff")
    otto.goes("/ml-insights/experiments/")
    otto.looks()
    otto.goes("/ml-insights/experiments/plan")
    otto.looks()
    otto.presses("Work it out")
    otto.sees("An experiment would take")
    otto.looks()
    otto.presses("Make an experiment of it")
    otto.fills("Name", "The model against the rules")
    otto.looks()
    otto.presses("Make the draft")
    experiment = Experiment.objects.get()
    otto.sees("The model against the rules")
    otto.looks()
    otto.finds(f'a[href$="/experiments/{experiment.pk}/start"]').first.click()
    otto.looks()
    otto.finds("main form button").first.click()
    otto.sees("Keep running")
    otto.looks()
    experiment.refresh_from_db()
    assert experiment.status == "RUNNING"

    otto.goes(f"/admin/experiments/experiment/{experiment.pk}/change/")
    otto.looks()
    otto.goes(f"/ml-insights/experiments/{experiment.pk}/stop")
    otto.looks()
    otto.page.get_by_label("Keep: what there was stays").check()
    otto.fills("Why", "enough was seen")
    otto.finds("main form button").first.click()
    otto.sees("enough was seen")
    experiment.refresh_from_db()
    assert (experiment.status, experiment.decided_by) == ("STOPPED", "staff-default")

    otto.presses("Ask it again")
    otto.looks()
    otto.fills("Days until a lead counts", "14")
    otto.presses("Make the draft")
    otto.sees("iteration 2")
    otto.looks()
    assert Experiment.objects.get(previous=experiment).attribution_days == 14
