"""Training starts by itself as the policy says, once for the same facts, and never in a storm."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.audit import AuditEntry
from common.jobs import JobStatus
from common.one_by_one import SomeFailed
from common.tests.people import staff
from leads.labelled import Counts
from leads.models import Dossier, Organisation, Outcome
from leads.outcomes import record_outcome
from leads.tests.cast import a_lead, a_past, an_outcome
from models_registry import alarms, ledger, tasks, training
from models_registry.activation import roll_back
from models_registry.models import Act, Alarm, ModelVersion, Policy, TrainingRun, Trigger
from models_registry.policy import set_policy
from models_registry.tables.run import Window
from models_registry.tests.artefacts import kept
from models_registry.training import start_training
from models_registry.triggers import Facts, Fired, decide, facts_of, train_where_due

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALM = Facts(since_last_start=10 * DAY, is_training=False, new_outcomes=0, alarms={})
ALL = {"new_outcomes": 200, "on_drift": True, "on_calibration": True}


def a_policy(**fields: Any) -> Policy:
    return set_policy(policy=Policy(**ALL | fields), by="tester", at=NOW)


def alarm(kind: str = "DRIFT", words: str = "source moved") -> Alarm:
    return alarms.raise_alarm(org_id="default", kind=kind, words=words, evidence={"psi": 0.3}, at=NOW)


def finish(run: TrainingRun | None, *, ago: timedelta = 2 * DAY) -> None:
    assert run is not None
    TrainingRun.objects.filter(pk=run.pk).update(status=JobStatus.SUCCEEDED, created_at=timezone.now() - ago)


@pytest.mark.parametrize(
    ("policy", "facts", "expected"),
    [
        ({}, {"new_outcomes": 200}, Trigger.OUTCOMES),
        ({}, {"new_outcomes": 199}, None),
        ({"new_outcomes": None}, {"new_outcomes": 10_000}, None),
        ({}, {"alarms": {"DRIFT": "source moved"}}, Trigger.DRIFT),
        ({"on_drift": False}, {"alarms": {"DRIFT": "source moved"}}, None),
        ({}, {"alarms": {"CALIBRATION": "out"}}, Trigger.CALIBRATION),
        ({"on_calibration": False}, {"alarms": {"CALIBRATION": "out"}}, None),
        ({}, {"alarms": {"CALIBRATION": "out", "DRIFT": "source moved"}, "new_outcomes": 300}, Trigger.CALIBRATION),
        ({}, {"new_outcomes": 300, "is_training": True}, None),
        ({"hours_between": 24}, {"new_outcomes": 300, "since_last_start": 23 * HOUR}, None),
        ({"hours_between": 24}, {"new_outcomes": 300, "since_last_start": 24 * HOUR}, Trigger.OUTCOMES),
        ({}, {"new_outcomes": 300, "since_last_start": None}, Trigger.OUTCOMES),
    ],
)
def test_which_trigger_fires(policy: dict[str, Any], facts: dict[str, Any], expected: str | None) -> None:
    fired = decide(Policy(**ALL | policy), Facts(**vars(CALM) | facts))
    assert (fired.trigger if fired else None) == expected


def test_the_trigger_says_why_in_words() -> None:
    facts = Facts(**vars(CALM) | {"new_outcomes": 1234})
    assert decide(Policy(new_outcomes=1000), facts) == Fired(
        "OUTCOMES", "1,234 new outcomes since the last training; the policy asks for 1,000."
    )


def test_new_outcomes_start_a_run_that_says_so_and_the_same_ones_start_no_second() -> None:
    a_policy(new_outcomes=100)
    leads = a_past()
    run = train_where_due(org_id="default", at=NOW)
    assert run is not None
    assert (run.trigger, run.started_by) == (Trigger.OUTCOMES, "policy")
    assert "new outcomes since the last training" in run.because
    assert AuditEntry.objects.get(act="training.start").reason == run.because
    finish(run)
    assert train_where_due(org_id="default", at=NOW) is None
    for lead in [a_lead(NOW - 3 * DAY) for _ in range(100)]:
        an_outcome(lead, converted=True, at=NOW - DAY)
    assert facts_of("default", at=NOW).new_outcomes == 100
    assert train_where_due(org_id="default", at=NOW) is not None
    assert len(leads) == 240


def test_leads_that_are_forgotten_take_away_no_new_outcomes() -> None:
    a_policy(new_outcomes=100)
    leads = a_past()
    finish(train_where_due(org_id="default", at=NOW))
    forgotten = Outcome.objects.filter(dossier__in=leads[:60])
    assert forgotten.count() == 60
    forgotten.delete()
    for lead in [a_lead(NOW - 3 * DAY) for _ in range(100)]:
        an_outcome(lead, converted=True, at=NOW - DAY)
    assert facts_of("default", at=NOW).new_outcomes == 100
    TrainingRun.objects.update(last_outcome=None, as_of=timezone.now())
    assert facts_of("default", at=NOW).new_outcomes == 0


def test_an_outcome_whose_revenue_or_day_is_corrected_is_no_new_one_and_another_fate_is() -> None:
    a_policy(new_outcomes=100)
    leads = a_past()
    finish(train_where_due(org_id="default", at=NOW))
    assert facts_of("default", at=NOW).new_outcomes == 0
    for lead, reverses in zip(leads[:3], (False, False, True), strict=True):
        tell_again(lead, reverses=reverses)
    assert facts_of("default", at=NOW).new_outcomes == 1


def tell_again(lead: Dossier, *, reverses: bool) -> None:
    before = lead.outcomes.current().get()
    told = {"converted": before.converted != reverses, "occurred_at": before.occurred_at - DAY, "revenue": 5}
    record_outcome(org_id="default", dossier=lead, by="crm", at=NOW, **told)


def test_a_fate_is_new_where_training_knew_another_though_it_was_told_once_before() -> None:
    a_policy(new_outcomes=100)
    (lead, *_) = a_past()
    tell_again(lead, reverses=True)
    finish(train_where_due(org_id="default", at=NOW))
    assert facts_of("default", at=NOW).new_outcomes == 0
    tell_again(lead, reverses=True)
    assert facts_of("default", at=NOW).new_outcomes == 1


def test_a_run_that_failed_is_not_tried_again_on_the_same_facts() -> None:
    a_policy(new_outcomes=100)
    a_past()
    run = train_where_due(org_id="default", at=NOW)
    finish(run)
    TrainingRun.objects.update(status=JobStatus.FAILED)
    assert train_where_due(org_id="default", at=NOW) is None


def test_an_alarm_starts_a_run_which_answers_it() -> None:
    a_policy()
    a_past()
    raised = alarm("CALIBRATION", "28 of 100 converted where 50 were expected")
    run = train_where_due(org_id="default", at=NOW)
    assert run is not None
    assert (run.trigger, run.because) == (Trigger.CALIBRATION, raised.words)
    raised.refresh_from_db()
    assert raised.answered_by == run


def test_what_is_noticed_again_day_by_day_is_one_alarm() -> None:
    kept("20260101000000", is_active=True)
    first, again = alarm(), alarm(words="source moved further")
    assert first.pk == again.pk
    assert (again.words, again.model_version, again.raised_at) == ("source moved further", "20260101000000", NOW)
    assert AuditEntry.objects.filter(act="alarm.drift").count() == 1
    alarm("CALIBRATION")
    assert Alarm.objects.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(kind="DRIFT", words="", raised_at=NOW)


def test_an_alarm_waits_only_while_the_version_that_it_was_noticed_of_scores() -> None:
    """Who has rolled back has answered it: what was noticed of another model neither alerts nor trains."""
    a_policy(new_outcomes=None)
    a_past()
    newer, older = kept("20260201000000", is_active=True), kept("20260101000000")
    first = alarm()
    roll_back(org_id="default", version=older.version, by="tester")
    assert not Alarm.objects.unanswered().exists()
    assert train_where_due(org_id="default", at=NOW) is None
    roll_back(org_id="default", version=newer.version, by="tester")
    assert Alarm.objects.unanswered().get() == first
    roll_back(org_id="default", version=older.version, by="tester")
    assert alarm(words="it moved here, too").model_version == older.version
    assert AuditEntry.objects.filter(act="alarm.drift").count() == 2
    assert train_where_due(org_id="default", at=NOW) is not None


def test_the_admin_says_which_alarms_wait() -> None:
    kept("20260101000000", is_active=True)
    alarm("CALIBRATION")
    client, icon = staff(), "icon-yes"
    assert icon in client.get("/admin/models_registry/alarm/").content.decode()
    ledger.append(
        ModelVersion.objects.get(), thresholds={}, act=Act.RECALIBRATE, by="tester", at=NOW + timedelta(seconds=1)
    )
    assert icon not in client.get("/admin/models_registry/alarm/").content.decode()


def test_drift_that_training_could_not_mend_does_not_train_every_day(settings: Any) -> None:
    settings.ML_ALARM_REPEAT_DAYS = 7
    a_policy(new_outcomes=None)
    a_past()
    kept("20260101000000", is_active=True)
    alarm()
    finish(train_where_due(org_id="default", at=NOW), ago=2 * DAY)
    alarm(words="still moved")
    assert train_where_due(org_id="default", at=NOW) is None
    TrainingRun.objects.update(created_at=NOW - 8 * DAY)
    assert train_where_due(org_id="default", at=NOW) is not None


def test_training_that_a_person_asks_for_answers_the_alarms_too() -> None:
    a_past()
    alarm()
    run = start_training(org_id="default", by="tester", trigger=Trigger.ADMIN)
    assert Alarm.objects.get().answered_by == run
    assert run.because == ""


def test_every_quarter_of_an_hour_starts_no_storm() -> None:
    a_policy(new_outcomes=1)
    set_policy(policy=Policy(org_id="poor", new_outcomes=1), by="tester", at=NOW)
    a_past()
    an_outcome(a_lead(NOW - 3 * DAY, org_id="poor"), converted=True, at=NOW - DAY)
    for _ in range(4):
        alarm()
        tasks.train_where_triggered()
    assert TrainingRun.objects.count() == 1
    finish(TrainingRun.objects.get(), ago=HOUR)
    tasks.train_where_triggered()
    assert TrainingRun.objects.count() == 1


@pytest.mark.parametrize("task", [tasks.train_where_triggered, tasks.train_scheduled])
def test_an_organisation_whose_data_are_amiss_keeps_no_other_waiting(
    task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for org_id in ("a", "default"):
        set_policy(policy=Policy(org_id=org_id, new_outcomes=1), by="tester", at=NOW)
        a_past(org_id=org_id)
    records = training.enough_records

    def amiss(org: Organisation, window: Window) -> Counts:
        if org.org_id == "a":
            raise ZeroDivisionError
        return records(org, window)

    monkeypatch.setattr(training, "enough_records", amiss)
    with pytest.raises(SomeFailed, match="a"):
        task()
    assert TrainingRun.objects.get().org_id == "default"


def test_a_run_that_has_just_ended_stands_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    a_past()
    first = start_training(org_id="default", by="tester", trigger=Trigger.API)
    insert = training._insert_once

    def ended_meanwhile(**values: object) -> TrainingRun:
        try:
            return insert(**values)
        finally:
            finish(first)

    monkeypatch.setattr(training, "_insert_once", ended_meanwhile)
    assert start_training(org_id="default", by="tester", trigger=Trigger.API) != first


def test_without_a_policy_only_the_schedule_trains_and_who_does_not_want_it_is_left_alone() -> None:
    a_past()
    alarm()
    tasks.train_where_triggered()
    assert not TrainingRun.objects.exists()
    a_policy(schedule=False)
    tasks.train_scheduled()
    assert not TrainingRun.objects.exists()
    a_policy(schedule=True)
    tasks.train_scheduled()
    assert TrainingRun.objects.get().because == "The schedule's time came."


def test_the_policy_is_edited_in_the_admin_and_each_change_leaves_a_row() -> None:
    client, address = staff(), "/admin/models_registry/policy/"
    fields = {"schedule": "on", "new_outcomes": "150", "on_drift": "on", "hours_between": "12", "behaviour_check": "on"}
    assert client.post(f"{address}add/", fields).status_code == 302
    policy = Policy.objects.get()
    assert (policy.org_id, policy.new_outcomes, policy.on_drift, policy.on_calibration) == ("default", 150, True, False)
    assert client.get(f"{address}add/").status_code == 403
    changed = fields | {"new_outcomes": ""}
    for _ in range(2):
        assert client.post(f"{address}default/change/", changed).status_code == 302
    rows = AuditEntry.objects.filter(act="policy.change").order_by("pk")
    assert [row.evidence.get("new_outcomes") for row in rows] == [[None, 150], [150, None]]
    for nonsense in ({"hours_between": "0"}, {"new_outcomes": "0"}):
        assert client.post(f"{address}default/change/", fields | nonsense).status_code == 200


def test_the_alarms_and_the_ledger_are_read_in_the_admin_and_not_changed() -> None:
    alarm()
    client = staff()
    assert "source moved" in client.get("/admin/models_registry/alarm/").content.decode()
    assert client.get("/admin/models_registry/alarm/add/").status_code == 403
    assert client.get("/admin/models_registry/modelactivation/").status_code == 200
