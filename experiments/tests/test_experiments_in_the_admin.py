"""Staff make a draft, start it after a confirmation, and stop it with a decision; facts are only read."""

import json

import pytest
from django.test import Client

from common.tests.people import a_person, staff
from experiments.lifecycle import stop_experiment
from experiments.models import Experiment
from experiments.tests.cast import an_experiment, exposed, now

pytestmark = pytest.mark.django_db
LIST = "/admin/experiments/experiment/"
FORM = {
    "name": "ML against the rules",
    "description": "",
    "control_method": "RULE_BASED",
    "treatment_method": "ML",
    "traffic_split": "0.5",
    "arms": "",
    "population": "{}",
    "coverage": "1",
    "attribution_days": "30",
    "revenue_cap": "0.99",
    "planned_leads": "",
    "revenue_margin": "0.1",
    "response_margin": "0.25",
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


def test_several_arms_and_what_must_not_fall_are_said_there_too() -> None:
    arms = [{"name": name, "method": "ML" if at else "RULE_BASED", "share": 0.25} for at, name in enumerate("abcd")]
    two = {"control_method": "", "treatment_method": "", "traffic_split": ""}
    told = {"arms": json.dumps(arms), "revenue_margin": "0.05", "stop_on_breach": "on"}
    staff().post(f"{LIST}add/", FORM | two | told)
    row = Experiment.objects.get()
    assert row.arms == arms
    assert row.guardrails == {"revenue_margin": 0.05, "response_margin": 0.25, "stop_on_breach": True}


def test_a_new_iteration_is_filled_in_as_the_one_before_and_drawn_anew() -> None:
    before = an_experiment(population={"source": "website"}, planned_leads=400)
    client, told = staff(), {"org_id": "default", "experiment_id": before.pk, "by": "tester"}
    stop_experiment(**told, at=now(), decision="INVALID")
    assert f"{LIST}add/?previous={before.pk}" in text(client, f"{LIST}{before.pk}/change/")
    page = text(client, f"{LIST}add/?previous={before.pk}")
    assert "website" in page
    assert 'value="400"' in page
    client.post(f"{LIST}add/", FORM | {"previous": str(before.pk), "attribution_days": "14"})
    made = Experiment.objects.exclude(pk=before.pk).get()
    assert (made.previous, made.iteration, made.attribution_days, made.status) == (before, 2, 14, "DRAFT")
    assert made.salt != before.salt


def test_only_what_has_stopped_has_a_new_iteration() -> None:
    before = an_experiment()
    assert staff().post(f"{LIST}add/", FORM | {"previous": str(before.pk)}).status_code == 200
    assert Experiment.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"control_method": "DICE"},
        {"control_method": ""},
        {"traffic_split": "1"},
        {"population": '{"x": 1}'},
        {"arms": '[{"name": "a"}]'},
        {"arms": '[{"name"'},
        {"arms": '[{"name": "\\ud800", "method": "ML", "share": 0.5}, {"name": "b", "method": "ML", "share": 0.5}]'},
        {"population": '{"source": ["\\ud800"]}'},
        {"arms": '[{"name": "a", "method": "ML", "share": 1}]'},
        {"arms": json.dumps([{"name": name * 33, "method": "ML", "share": 0.5} for name in "ab"])},
        {"arms": json.dumps([{"name": name + "\0", "method": "ML", "share": 0.5} for name in "ab"])},
        {"population": '{"attributes.budget": NaN}'},
        {"population": '{"attributes.budget": [1, 1e999]}'},
        {"revenue_margin": "2"},
        {"planned_leads": "0"},
    ],
)
def test_what_is_no_design_is_refused(change: dict[str, str]) -> None:
    assert staff().post(f"{LIST}add/", FORM | change).status_code == 200
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"coverage": "0"}, "greater than or equal to 0.001"),
        ({"coverage": "2"}, "less than or equal to 1"),
        ({"revenue_cap": "0.2"}, "greater than or equal to 0.5"),
        ({"revenue_cap": "2"}, "less than or equal to 1"),
    ],
)
def test_a_number_out_of_bounds_is_told_its_bounds(change: dict[str, str], words: str) -> None:
    page = staff().post(f"{LIST}add/", FORM | change).content.decode()
    assert words in page
    assert "Constraint" not in page


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


def test_a_lift_that_is_withheld_is_not_told() -> None:
    row = an_experiment(days_ago=60)
    for variant, leads in (("control", 600), ("treatment", 300)):
        exposed(row, variant, leads, converted=60)
    page = text(staff(), f"{LIST}{row.pk}/change/")
    assert "Do not trust it" in page
    assert "100.0%" not in page
