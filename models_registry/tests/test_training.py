"""From leads of the past to a version that scores."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from common import audit
from common.audit import AuditEntry
from common.jobs import JobStatus
from common.phrases import PHRASES as OF_JOBS
from leads.labelled import Counts
from leads.tests.cast import a_lead, a_past
from models_registry import artefacts, training
from models_registry.cancellation import cancel_training
from models_registry.models import ModelVersion, TrainingRun, Trigger
from models_registry.phrases import PHRASES
from models_registry.tests.cards import a_training_run
from models_registry.tests.cast import a_run, a_version
from models_registry.training import AlreadyRunning, TooFewRecords, start_training

pytestmark = pytest.mark.django_db


def test_a_run_learns_a_version_and_the_first_becomes_active() -> None:
    a_past()
    run = a_run(notes="the first")
    assert run.status == JobStatus.SUCCEEDED
    assert run.activated
    assert run.version is not None
    assert run.version.is_active
    assert run.version.notes == "the first"
    assert len(run.version.version) == 14
    assert {"precision", "recall", "f1", "roc_auc", "accuracy", "log_loss", "brier"} <= set(run.version.metrics)
    assert 0.5 < run.version.metrics["roc_auc"] < 0.95
    assert sum(row["importance"] for row in run.version.importance) == pytest.approx(1)
    assert run.messages[0]["stage"] == "reading"


def test_the_same_data_and_seed_give_the_same_artefact() -> None:
    a_past()
    assert a_version().digest == a_version().digest


def test_the_stored_artefact_is_the_one_that_scores() -> None:
    a_past()
    version = a_version()
    assert artefacts.digest_of(bytes(version.artefact.content)) == version.digest
    assert artefacts.load(version).features


def test_a_damaged_artefact_is_refused() -> None:
    a_past()
    version = a_version()
    content = bytearray(version.artefact.content)
    content[len(content) // 2] ^= 1
    version.artefact.content = bytes(content)
    version.artefact.save()
    with pytest.raises(artefacts.DamagedArtefact):
        artefacts._verified(version)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_cancels_a_run_whose_version_is_being_registered_waits_for_it_and_comes_too_late() -> None:
    run = a_training_run(status=JobStatus.RUNNING)

    def cancel() -> bool:
        try:
            return cancel_training(run=TrainingRun.objects.get(pk=run.pk), by="tester", at=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            audit.record(org_id="default", act="training.succeed", by="tester", at=timezone.now())
            cancelled = pool.submit(cancel)
            while not somebody_waits():
                assert not cancelled.done()
                time.sleep(0.02)
            run.succeed()
        assert not cancelled.result()
    assert TrainingRun.objects.get().status == JobStatus.SUCCEEDED


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def test_an_equal_second_version_does_not_replace_the_first_and_the_run_says_why() -> None:
    a_past()
    first, second = a_version(), a_run()
    assert not second.activated
    assert second.verdict.startswith("Not activated")
    assert ModelVersion.objects.active().get() == first


def test_below_a_hundred_records_the_counts_are_said() -> None:
    a_past(60)
    with pytest.raises(TooFewRecords, match=r"\d+ usable records.* more decided leads are missing") as caught:
        start_training(org_id="default", by="tester", trigger=Trigger.API)
    assert caught.value.counts.usable < 100
    assert "at least 100 in all are needed, with both outcomes among them" in str(caught.value)
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(
    ("usable", "said"),
    [
        (99, "1 more decided lead is missing; 1 lead is still undecided and younger than the horizon."),
        (97, "3 more decided leads are missing; 3 leads are still undecided and younger than the horizon."),
    ],
)
def test_what_is_missing_is_said_of_one_lead_as_of_many(usable: int, said: str) -> None:
    assert said in str(TooFewRecords(Counts(leads=100, usable=usable, converted=9), timezone.now()))


def test_what_a_crm_has_written_into_its_own_table_is_learnt_from() -> None:
    for number in range(1, 121):
        a_lead(timezone.now() - timedelta(days=90), number=number, status="WON" if number % 4 == 0 else "LOST")
    run = start_training(org_id="default", by="tester", trigger=Trigger.API)
    assert (run.counts["converted"], run.counts["lost"]) == (30, 90)


def test_one_outcome_alone_teaches_nothing() -> None:
    for lead in a_past():
        lead.outcomes.update(converted=False)
    with pytest.raises(TooFewRecords, match="0 converted"):
        start_training(org_id="default", by="tester", trigger=Trigger.API)


def test_one_run_an_organisation_at_a_time() -> None:
    a_past()
    a_past(org_id="other")
    first = start_training(org_id="default", by="tester", trigger=Trigger.API)
    with pytest.raises(AlreadyRunning) as caught:
        start_training(org_id="default", by="tester", trigger=Trigger.ADMIN)
    assert caught.value.run == first
    assert start_training(org_id="other", by="tester", trigger=Trigger.API).is_open


def test_a_run_whose_worker_died_is_retired_and_training_can_be_asked_for_again() -> None:
    a_past()
    dead = start_training(org_id="default", by="tester", trigger=Trigger.API)
    assert dead.claim()
    TrainingRun.objects.filter(pk=dead.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert start_training(org_id="default", by="tester", trigger=Trigger.API) != dead
    dead.refresh_from_db()
    assert dead.status == JobStatus.FAILED
    assert OF_JOBS.knows(dead.error)


def test_a_run_that_met_an_error_of_ours_says_so_in_a_known_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    a_past()
    run = start_training(org_id="default", by="tester", trigger=Trigger.API)

    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(training, "learn", broken)
    with pytest.raises(ZeroDivisionError):
        training.execute(run)
    run.refresh_from_db()
    assert run.status == JobStatus.FAILED
    assert PHRASES.knows(run.error)


def test_a_cancelled_run_stops_and_leaves_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    a_past()
    run = start_training(org_id="default", by="tester", trigger=Trigger.API)
    other_process = TrainingRun.objects.get(pk=run.pk)
    judge = training.gate.judge

    def cancel_meanwhile(*args, **kwargs):  # type: ignore[no-untyped-def]
        assert other_process.cancel()
        return judge(*args, **kwargs)

    monkeypatch.setattr(training.gate, "judge", cancel_meanwhile)
    training.execute(run)
    run.refresh_from_db()
    assert run.status == JobStatus.CANCELLED
    assert not ModelVersion.objects.exists()


def test_two_workers_cannot_both_have_a_run() -> None:
    a_past()
    run = start_training(org_id="default", by="tester", trigger=Trigger.API)
    same = TrainingRun.objects.get(pk=run.pk)
    assert run.claim()
    assert not same.claim()


def test_start_and_success_are_rows_that_nobody_can_change() -> None:
    a_past()
    run = a_run()
    acts = list(AuditEntry.objects.order_by("id").values_list("act", flat=True))
    assert acts == ["training.start", "training.succeed", "model.activate"]
    entry = AuditEntry.objects.get(act="model.activate")
    assert (entry.by, entry.before, entry.after) == ("tester", "", run.version.version)  # type: ignore[union-attr]
    for forbidden in (entry.delete, lambda: AuditEntry.objects.update(by="nobody")):
        with pytest.raises(IntegrityError), transaction.atomic():
            forbidden()
