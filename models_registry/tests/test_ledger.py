"""The ledger: what was live at any moment, in a chain that shows every change made behind its back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.chain import hash_of
from common.models import AuditEntry
from models_registry import ledger, scorers, thresholds
from models_registry.activation import activate, roll_back
from models_registry.archiving import archive_old
from models_registry.artefacts import FailedRehearsal
from models_registry.models import ModelActivation, ModelArtefact, ModelVersion
from models_registry.tests.artefacts import kept, without_feature
from models_registry.thresholds import Disordered, set_thresholds

pytestmark = pytest.mark.django_db
NOW = timezone.now()
OLD, NEW = "20260101000000", "20260201000000"
OWN = {
    "high_probability": 0.6,
    "high_confidence": 0.7,
    "medium_probability": 0.4,
    "medium_confidence": 0.5,
    "nurture_probability": 0.2,
}


def two_days_of_life() -> None:
    """Two days ago the old version, with thresholds of its own after an hour; since yesterday the new one."""
    kept(OLD)
    kept(NEW, seed=2)
    activate(org_id="default", version=OLD, by="tester", at=NOW - timedelta(days=2))
    set_thresholds(org_id="default", thresholds=OWN, by="tester", at=NOW - timedelta(hours=47), reason="few agents")
    activate(org_id="default", version=NEW, by="tester", at=NOW - timedelta(days=1))


def tamper(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ml_activation DISABLE TRIGGER ml_activation_append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE ml_activation ENABLE TRIGGER ml_activation_append_only")


def test_what_was_live_at_any_moment_is_one_statement(django_assert_num_queries: Any) -> None:
    two_days_of_life()
    ask = ModelActivation.objects.live_at
    with django_assert_num_queries(4):
        before, first, own, last = (ask("default", NOW - timedelta(hours=hours)) for hours in (49, 47.5, 30, 1))
    assert before is None
    assert first is not None
    assert own is not None
    assert last is not None
    assert (first.version, first.thresholds) == (OLD, thresholds.installation())
    assert (own.version, own.thresholds, own.reason) == (OLD, OWN, "few agents")
    assert (last.version, last.thresholds, last.calibration) == (NEW, thresholds.installation(), None)


def test_a_rollback_restores_version_calibration_and_thresholds_together() -> None:
    two_days_of_life()
    ModelVersion.objects.filter(version=OLD).update(
        thresholds=None, calibration={"a": 2, "b": 2, "c": 0, "clip": 0.001}
    )
    roll_back(org_id="default", version=OLD, by="tester", at=NOW)
    version = ModelVersion.objects.active().get()
    assert (version.version, version.calibration, version.thresholds) == (OLD, None, OWN)
    assert scorers.active("default").thresholds == OWN
    assert ledger.verify("default") is None


@pytest.mark.parametrize("damage", [b"nonsense", None])
def test_a_version_that_fails_its_rehearsal_is_refused_and_nothing_is_changed(damage: bytes | None) -> None:
    two_days_of_life()
    artefacts = ModelArtefact.objects.filter(version__version=OLD)
    artefacts.update(content=damage) if damage else artefacts.delete()
    with pytest.raises(FailedRehearsal, match="Nothing was changed"):
        roll_back(org_id="default", version=OLD, by="tester", at=NOW)
    assert ModelVersion.objects.active().get().version == NEW
    assert ModelActivation.objects.count() == 3


def test_a_calibration_that_is_no_increasing_map_fails_the_rehearsal() -> None:
    two_days_of_life()
    kept("20260301000000", calibration={"a": -1, "b": 1, "c": 0, "clip": 0.001})
    with pytest.raises(FailedRehearsal, match="increasing"):
        activate(org_id="default", version="20260301000000", by="tester", at=NOW)


def test_a_version_that_reads_what_is_not_known_here_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    two_days_of_life()
    without_feature(monkeypatch, "created_hour")
    with pytest.raises(FailedRehearsal, match=r"does not know of leads: created_hour\. Nothing was changed"):
        roll_back(org_id="default", version=OLD, by="tester")
    assert ModelVersion.objects.active().get().version == NEW


def test_what_changes_what_is_live_reads_no_card_however_many_versions_there_were() -> None:
    two_days_of_life()
    with CaptureQueriesContext(connection) as asked:
        roll_back(org_id="default", version=OLD, by="tester")
        archive_old(at=NOW)
    assert len(asked) > 2
    assert not [each["sql"] for each in asked if '"card"' in each["sql"]]


def test_rows_cannot_be_changed_or_deleted() -> None:
    two_days_of_life()
    for forbidden in (ModelActivation.objects.all().delete, lambda: ModelActivation.objects.update(by="nobody")):
        with pytest.raises(IntegrityError), transaction.atomic():
            forbidden()


def test_the_chain_of_each_organisation_holds(capsys: pytest.CaptureFixture[str]) -> None:
    two_days_of_life()
    kept(OLD, org_id="other")
    activate(org_id="other", version=OLD, by="tester", at=NOW)
    call_command("verify_ledger")
    assert capsys.readouterr().out == "default: 3 rows hold.\nother: 1 rows hold.\n"
    with pytest.raises(CommandError, match=r"There is: default, other\."):
        call_command("verify_ledger", "--org", "othr")
    numbers = ModelActivation.objects.of("default").order_by("number").values_list("number", "previous_hash", "hash")
    assert [number for number, _, _ in numbers] == [1, 2, 3]
    assert [previous for _, previous, _ in numbers][1:] == [each for _, _, each in numbers][:-1]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE ml_activation SET by = 'nobody' WHERE number = 2", "content"),
        (
            "UPDATE ml_activation SET thresholds = thresholds || '{\"nurture_probability\": 0.1}' WHERE number = 2",
            "content",
        ),
        ("UPDATE ml_activation SET at = at + interval '1 microsecond' WHERE number = 1", "content"),
        ("DELETE FROM ml_activation WHERE number = 2", "missing"),
        ("UPDATE ml_activation SET number = number + 10 WHERE number = 3", "missing"),
        ("DELETE FROM ml_activation WHERE number = 3", "live now"),
    ],
)
def test_who_gets_around_the_trigger_is_found_out(statement: str, words: str) -> None:
    two_days_of_life()
    tamper(statement)
    problem = ledger.verify("default")
    assert problem is not None
    assert words in problem.words
    with pytest.raises(CommandError):
        call_command("verify_ledger", org="default")


def test_a_rewritten_row_with_a_fitting_hash_breaks_the_chain_after_it() -> None:
    two_days_of_life()
    row = ModelActivation.objects.get(number=2)
    row.by = "nobody"
    tamper(f"UPDATE ml_activation SET by = 'nobody', hash = '{row.hash_now()}' WHERE number = 2")
    problem = ledger.verify("default")
    assert problem is not None
    assert problem.number == 3


def test_a_change_made_behind_the_acts_is_found_out() -> None:
    two_days_of_life()
    ModelVersion.objects.filter(version=NEW).update(calibration={"a": 1, "b": 1, "c": 0, "clip": 0.001})
    problem = ledger.verify("default")
    assert problem is not None
    assert "live now" in problem.words


def test_thresholds_of_its_own_are_what_the_last_row_says() -> None:
    two_days_of_life()
    set_thresholds(org_id="default", thresholds=OWN, by="tester")
    assert ledger.verify("default") is None
    ModelVersion.objects.filter(version=NEW).update(thresholds=OWN | {"nurture_probability": 0.1})
    changed = ledger.verify("default")
    ModelVersion.objects.filter(version=NEW).update(thresholds=OWN)
    tamper("DELETE FROM ml_activation WHERE number = 4")
    cut_off = ledger.verify("default")
    for problem in (changed, cut_off):
        assert problem is not None
        assert "live now" in problem.words


def test_a_changed_setting_is_no_row_and_breaks_no_chain(settings: Any) -> None:
    two_days_of_life()
    settings.ACTION_HIGH_PROBABILITY = 0.65
    assert ledger.verify("default") is None


def test_numbers_hash_alike_however_the_database_writes_them() -> None:
    assert hash_of("", {"x": 1, "y": [1e22, -0.0]}) == hash_of("", {"y": [10**22, 0], "x": 1.0})
    assert hash_of("", {"x": True}) != hash_of("", {"x": 1})


def test_a_moment_given_late_does_not_go_back_along_the_chain() -> None:
    two_days_of_life()
    roll_back(org_id="default", version=OLD, by="tester", at=NOW - timedelta(days=9))
    rows = ModelActivation.objects.order_by("number").values_list("at", flat=True)
    assert list(rows) == sorted(rows)


@pytest.mark.parametrize(
    "act",
    [
        lambda: roll_back(org_id="default", version=OLD, by="tester"),
        lambda: set_thresholds(org_id="default", thresholds=OWN, by="tester"),
    ],
)
def test_what_waited_for_the_lock_counts_from_when_it_had_it(
    act: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_days_of_life()
    locked, waited_until = ledger.lock, list[datetime]()

    def lock(org_id: str) -> list[ModelVersion]:
        versions = locked(org_id)
        waited_until.append(timezone.now())
        return versions

    monkeypatch.setattr(ledger, "lock", lock)
    act()
    row, told = ModelActivation.objects.order_by("number").last(), AuditEntry.objects.order_by("number").last()
    assert row is not None
    assert told is not None
    assert row.at >= waited_until[0]
    assert told.at == row.at


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"high_probability": 0.3}, "must not be below medium_probability"),
        ({"medium_probability": 0.1}, "must not be below nurture_probability"),
        ({"medium_confidence": 0.9}, "must not be below medium_confidence"),
        ({"high_confidence": 1.5}, "must be from 0 to 1"),
        ({"high_confidence": float("nan")}, "must be from 0 to 1"),
        ({"higher": 1.0}, "is not a threshold"),
    ],
)
def test_thresholds_out_of_order_are_refused(change: dict[str, float], problem: str) -> None:
    two_days_of_life()
    with pytest.raises(Disordered, match=problem):
        set_thresholds(org_id="default", thresholds=OWN | change, by="tester", at=NOW)
    assert ModelActivation.objects.count() == 3


def test_thresholds_that_hold_already_leave_no_row_and_none_gives_the_settings_back() -> None:
    two_days_of_life()
    for wanted, rows in ((thresholds.installation(), 3), (OWN, 4), (OWN, 4), (None, 5)):
        set_thresholds(org_id="default", thresholds=wanted, by="tester", at=NOW)
        assert ModelActivation.objects.count() == rows
    assert ModelVersion.objects.active().get().thresholds is None
