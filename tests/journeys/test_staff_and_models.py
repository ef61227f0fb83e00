"""Staff train a version, hold two against each other, change what scores, and change it back."""

from __future__ import annotations

import pytest

from common.audit import AuditEntry
from models_registry.models import ModelVersion, TrainingRun
from models_registry.training import execute
from tests.journeys.conftest import Arrival, Versions

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
ADMIN = "/admin/models_registry"


def active() -> str:
    return ModelVersion.objects.active().get().version


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("act", flat=True))


def test_on_the_pages(arrives: Arrival, scored: Versions) -> None:
    otto = arrives("staff")
    otto.goes("/ml-insights/models/")
    otto.looks()
    otto.chooses("Algorithm", "logistic_regression")
    otto.fills("Note to keep on the version (optional)", "the autumn one")
    otto.presses("Train now")
    otto.sees("Cancel this run")
    otto.looks()
    execute(TrainingRun.objects.open().get())  # as the worker would
    otto.sees("the autumn one")
    learnt = ModelVersion.objects.get(notes="the autumn one")

    otto.goes(f"/ml-insights/models/compare?before={scored.old}&after={learnt.version}")
    otto.sees(scored.old)
    otto.looks()
    otto.goes(f"/ml-insights/models/{scored.old}/activate")
    otto.looks()
    otto.fills("Why (optional)", "the calls were better")
    otto.presses("Roll back")
    otto.sees(f"Version {scored.old} scores now")
    assert active() == scored.old
    otto.goes(f"/ml-insights/models/{scored.new}/activate")
    otto.presses("Activate")
    otto.sees(f"Version {scored.new} scores now")
    assert active() == scored.new
    assert acts()[-2:] == ["model.rollback", "model.activate"]


def test_in_the_admin(arrives: Arrival, scored: Versions) -> None:
    otto = arrives("staff")
    otto.presses("Admin")
    otto.looks()
    otto.goes(f"{ADMIN}/trainingrun/train/")
    otto.looks()
    otto.chooses("Algorithm:", "logistic_regression")
    otto.fills("Notes:", "the winter one")
    otto.presses("Train now")
    run = TrainingRun.objects.open().get()
    otto.goes(f"{ADMIN}/trainingrun/")
    otto.looks()
    execute(run)
    otto.goes(f"{ADMIN}/trainingrun/{run.pk}/change/")
    otto.sees("the winter one")
    otto.looks()

    otto.goes(f"{ADMIN}/modelversion/")
    otto.looks()
    for version in (scored.old, scored.new):
        row = otto.page.get_by_role("row").filter(has=otto.page.get_by_role("link", name=version, exact=True))
        row.get_by_role("checkbox").check()
    otto.finds('select[name="action"]').select_option("compare_chosen")
    otto.presses("Go")
    otto.sees("Measured forward in time")
    otto.looks()
    old = ModelVersion.objects.get(version=scored.old)
    otto.goes(f"{ADMIN}/modelversion/{old.pk}/change/")
    otto.looks()
    otto.presses("Roll back to this version")
    otto.looks()
    otto.presses("Roll back")
    otto.sees(f"{scored.old} scores from now on.")
    assert active() == scored.old
    new = ModelVersion.objects.get(version=scored.new)
    otto.goes(f"{ADMIN}/modelversion/{new.pk}/change/")
    otto.presses("Archive")
    otto.looks()
    otto.presses(f"Archive {scored.new}")
    otto.sees("it never scores again")
    assert acts()[-2:] == ["model.rollback", "model.archive"]


def test_weights_move_the_example_while_they_are_typed(arrives: Arrival, scored: Versions) -> None:
    otto = arrives("staff")
    otto.goes(f"{ADMIN}/scoringrule/")
    otto.looks()
    otto.presses("Make them ours, to edit")
    otto.sees("Change a weight below, and this moves.")
    otto.finds('input[name="form-0-points"]').fill("17")
    otto.sees("Nothing is saved yet.")
    otto.looks()
    otto.presses("Save")
    otto.sees("Change a weight below, and this moves.")
    assert acts()[-2:] == ["rules.copy", "rules.change"]
