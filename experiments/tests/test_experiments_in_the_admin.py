"""Staff make a draft, start it after a confirmation, and stop it with a decision; facts are only read."""

import pytest
from django.test import Client

from common.tests.people import a_person, staff
from experiments.models import Experiment
from experiments.tests.cast import an_experiment

pytestmark = pytest.mark.django_db
LIST = "/admin/experiments/experiment/"
FORM = {
    "name": "ML against the rules",
    "description": "",
    "control_method": "RULE_BASED",
    "treatment_method": "ML",
    "traffic_split": "0.5",
    "population": "{}",
    "attribution_days": "30",
    "planned_leads": "",
}


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_draft_is_made_started_and_stopped_with_a_decision() -> None:
    client = staff()
    client.post(f"{LIST}add/", FORM)
    row = Experiment.objects.get()
    assert (row.status, row.created_by, row.arms[1]["method"]) == ("DRAFT", "staff-default", "ML")
    page = text(client, f"{LIST}{row.pk}/change/")
    assert f"{LIST}{row.pk}/start/" in page
    assert "design stands" in text(client, f"{LIST}{row.pk}/start/")
    row.refresh_from_db()
    assert row.status == "DRAFT"
    client.post(f"{LIST}{row.pk}/start/")
    row.refresh_from_db()
    assert row.status == "RUNNING"
    assert "no lead has had its whole window" in text(client, f"{LIST}{row.pk}/change/")
    client.post(f"{LIST}{row.pk}/stop/", {"decision": "KEEP", "reason": "enough"})
    row.refresh_from_db()
    assert (row.status, row.decision, row.decided_by, row.decision_reason) == (
        "STOPPED",
        "KEEP",
        "staff-default",
        "enough",
    )


@pytest.mark.parametrize("change", [{"control_method": "DICE"}, {"traffic_split": "1"}, {"population": '{"x": 1}'}])
def test_what_is_no_design_is_refused(change: dict[str, str]) -> None:
    assert staff().post(f"{LIST}add/", FORM | change).status_code == 200
    assert not Experiment.objects.exists()


def test_facts_are_read_and_steps_need_the_permission() -> None:
    row = an_experiment()
    reader = a_person("experiments.view_experiment", is_staff=True)
    page = text(reader, f"{LIST}{row.pk}/change/")
    assert row.design_hash in page
    assert f"{LIST}{row.pk}/stop/" not in page
    assert reader.post(f"{LIST}{row.pk}/stop/", {"decision": "KEEP"}).status_code == 403
    staff().post(f"{LIST}{row.pk}/change/", {"name": "other", "salt": "other"})
    row.refresh_from_db()
    assert (row.name, row.status) == ("ML against the rules", "RUNNING")


def test_what_cannot_be_done_is_said() -> None:
    an_experiment()
    second, client = an_experiment(start=False), staff()
    answer = client.post(f"{LIST}{second.pk}/start/", follow=True)
    assert "runs on leads that this one would take" in answer.content.decode()


def test_another_organisations_experiment_is_not_there() -> None:
    row = an_experiment(org_id="other")
    assert staff().get(f"{LIST}{row.pk}/stop/").status_code == 404
