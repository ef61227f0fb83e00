"""What a policy says, in sentences, and how near each trigger is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.tests.people import staff
from models_registry.alarms import raise_alarm
from models_registry.models import AlarmKind, Policy
from models_registry.policy_words import sentences
from models_registry.triggers import Facts

FACTS = Facts(since_last_start=timedelta(days=3), is_training=False, new_outcomes=1203, alarms={})


def test_without_triggers_the_schedule_alone_trains() -> None:
    assert sentences(Policy(), FACTS, schedule="At 02:00, on day 1 of the month (UTC)") == [
        "On the schedule: at 02:00, on day 1 of the month (UTC).",
        "Not for new outcomes alone; 1,203 have come in since the last training.",
        "Not when leads differ from those it learnt from.",
        "Not when what comes true has left its band.",
        "A version whose probability falls when a lead answers more is refused.",
    ]


def test_each_trigger_says_how_near_it_is() -> None:
    policy = Policy(schedule=False, new_outcomes=1500, on_drift=True, hours_between=1, behaviour_check=False)
    facts = Facts(timedelta(days=3), False, 1, {AlarmKind.DRIFT: "budget has moved."})
    assert sentences(policy, facts, schedule="Switched off") == [
        "The schedule trains nothing here.",
        "Once 1,500 outcomes have come in since the last training; 1 has come in.",
        "When leads differ from those it learnt from. Raised now: budget has moved.",
        "Not when what comes true has left its band.",
        "Beside the schedule, never within an hour of the training before.",
        "How a version takes to a lead's answers is not checked.",
    ]


@pytest.mark.django_db
def test_the_admin_says_it_in_the_list_and_on_the_page() -> None:
    Policy.objects.create(org_id="default", new_outcomes=500)
    client = staff()
    for address in ("", "default/change/"):
        page = client.get(f"/admin/models_registry/policy/{address}").content.decode()
        assert "at 02:00, on day 1 of the month (UTC)" in page
        assert "Once 500 outcomes have come in since the last training; 0 have come in." in page
    assert client.get("/admin/models_registry/policy/add/").status_code == 403


@pytest.mark.django_db
def test_who_sets_the_first_policy_reads_nothing_of_another_organisation() -> None:
    words = "Contact preference has moved."
    raise_alarm(org_id="default", kind=AlarmKind.DRIFT, words=words, evidence={}, at=timezone.now())
    page = staff(org_id="theirs").get("/admin/models_registry/policy/add/").content.decode()
    assert "New outcomes" in page
    assert words not in page
    assert "0 have come in" not in page
