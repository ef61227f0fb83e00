"""The active version's word is held against what happened, and its calibration renewed where it is broken."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from common.audit import AuditEntry
from common.one_by_one import SomeFailed
from leads.models import Organisation, Outcome
from models_registry import ledger, scorers
from models_registry.activation import activate, roll_back
from models_registry.learning.recalibration import Refit, refit
from models_registry.ledger import AnotherIsActive
from models_registry.models import Act, Alarm, ModelActivation, ModelArtefact, ModelVersion
from models_registry.recalibration import (
    NotBetter,
    NothingToRestore,
    TooFewOutcomes,
    present_calibration,
    recalibrate,
    roll_back_calibration,
)
from models_registry.tests.artefacts import kept
from models_registry.tests.learning.simulated import leads as simulated
from predictions import recalibrating
from predictions.forgetting import forget_lead
from predictions.models import Prediction
from predictions.recalibrating import outcomes_of, recalibrate_now, recalibrate_where_due, watch
from predictions.scoring import predictions_from
from predictions.tasks import recalibrate_where_due_daily
from predictions.tests.mature import VERSION, a_mature_past, an_active_version
from predictions.then import calibration_at

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def acts() -> list[str]:
    return list(ModelActivation.objects.order_by("number").values_list("act", flat=True))


def mean_probability() -> float:
    columns = simulated(50, seed=9)[0].columns
    return float(scorers.active("default").scorer.score(columns, contributions=False).probability.mean())


def test_shares_are_rebuilt_from_the_stored_vectors_to_the_last_bit() -> None:
    version = an_active_version()
    made = a_mature_past(version, 40)
    outcomes = outcomes_of(Organisation.get("default"), version)
    said = present_calibration(version)(outcomes.share)
    assert said.tolist() == [each.conversion_probability for each in made]
    assert outcomes.weight.tolist() == [1.0] * 40


def test_a_version_that_keeps_its_word_is_left_alone() -> None:
    a_mature_past(an_active_version())
    assert recalibrate_where_due(org_id="default") is None
    assert acts() == ["activate"]
    assert not Alarm.objects.exists()


def test_a_moved_base_rate_is_mended_without_training_and_the_ledger_says_why() -> None:
    version = an_active_version()
    digest, before = version.digest, mean_probability()
    a_mature_past(version, shift=1.2)
    recalibrate_where_due_daily()
    version.refresh_from_db()
    assert version.calibration is not None
    assert version.digest == digest
    assert mean_probability() > before + 0.1
    assert acts() == ["activate", "recalibrate"]
    row = ModelActivation.objects.get(act="recalibrate")
    assert (row.calibration, row.by) == (version.calibration, "schedule")
    assert "outside the band" in row.reason
    assert row.evidence["after"]["log_loss"] < row.evidence["before"]["log_loss"]
    assert AuditEntry.objects.filter(act="model.recalibrate", subject=version.version).exists()
    assert ledger.verify("default") is None
    recalibrate_where_due_daily()
    assert acts() == ["activate", "recalibrate"], "what is mended is not mended again"


def test_an_organisation_that_cannot_be_looked_at_leaves_the_others_theirs() -> None:
    """The first by name says of a lead what is no number any more."""
    theirs = an_active_version("20260101000001", org_id="another")
    Prediction.objects.filter(pk=a_mature_past(theirs, 40)[0].pk).update(stored_vector=[["created_hour", "late", 0.0]])
    a_mature_past(an_active_version(), shift=1.2)
    with pytest.raises(SomeFailed, match="another"):
        recalibrate_where_due_daily()
    assert [each.org_id for each in ModelActivation.objects.filter(act="recalibrate")] == ["default"]


def test_who_is_forgotten_while_their_outcomes_are_read_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    version = an_active_version()
    first, second = (row.dossier for row in a_mature_past(version, 40)[:2])
    moments: list[tuple[Any, str, Any]] = [
        (Prediction.objects, "filter", first),  # between the predictions' numbers and their rows
        (recalibrating, "labels_of", second),  # between these and what became of the leads
    ]
    for place, reading, lead in moments:
        read = getattr(place, reading)

        def forgotten_first(*args: Any, lead: Any = lead, read: Any = read, **how: Any) -> Any:
            monkeypatch.undo()
            forget_lead(org_id="default", number=lead.number, by="tester", at=NOW)
            return read(*args, **how)

        monkeypatch.setattr(place, reading, forgotten_first)
        left = outcomes_of(Organisation.get("default"), version)
        assert lead.pk not in left.dossier
    assert len(left) == 38


def test_reasons_still_add_up_after_it() -> None:
    version = an_active_version()
    a_mature_past(version, shift=1.2)
    recalibrate_now(org_id="default", by="tester")
    for each in predictions_from("default", scorers.active("default"), simulated(20, seed=4)[0].columns, NOW):
        total = each.base_probability + sum(part for _, _, part in each.vector)
        assert total == pytest.approx(each.conversion_probability, abs=1e-9)


def test_what_was_said_while_it_was_refitted_was_said_under_the_map_before(monkeypatch: pytest.MonkeyPatch) -> None:
    a_mature_past(an_active_version(), shift=1.2)
    refitted_at: list[datetime] = []

    def slowly(*args: Any) -> Refit:
        made = refit(*args)
        refitted_at.append(timezone.now())
        return made

    monkeypatch.setattr("models_registry.recalibration.refit", slowly)
    recalibrate_where_due_daily()
    assert calibration_at("default", VERSION, refitted_at[0]) is None
    assert calibration_at("default", VERSION, timezone.now()) is not None


def test_it_can_be_rolled_back() -> None:
    version = an_active_version()
    a_mature_past(version, shift=1.2)
    with pytest.raises(NothingToRestore):
        roll_back_calibration(org_id="default", by="tester")
    recalibrate_now(org_id="default", by="tester")
    assert roll_back_calibration(org_id="default", by="tester").calibration is None
    with pytest.raises(NothingToRestore):
        roll_back_calibration(org_id="default", by="tester")
    assert acts() == ["activate", "recalibrate", "restore"]
    assert ledger.verify("default") is None


def test_what_a_person_took_back_is_not_made_again_the_next_morning_of_the_same_outcomes() -> None:
    a_mature_past(an_active_version(), shift=1.2)
    recalibrate_where_due_daily()
    roll_back_calibration(org_id="default", by="tester")
    recalibrate_where_due_daily()
    assert acts() == ["activate", "recalibrate", "restore"]
    assert not Alarm.objects.exists()
    assert recalibrate_now(org_id="default", by="tester").calibration is not None, "by hand it is"


def test_what_was_said_since_it_was_taken_back_renews_the_calibration_as_ever() -> None:
    version = an_active_version()
    taken_back = {"thresholds": {}, "by": "tester", "at": NOW - timedelta(days=200)}
    for act in (Act.RECALIBRATE, Act.RESTORE):
        ledger.append(version, act=act, **taken_back)
    a_mature_past(version, shift=1.2)
    recalibrate_where_due_daily()
    assert acts() == ["activate", "recalibrate", "restore", "recalibrate"]


def recalibrated(a: float) -> None:
    """As if outcomes had given it this map."""
    version = ModelVersion.objects.active().get()
    version.calibration = {"a": a, "b": a, "c": 0.0, "clip": 0.001}
    version.save(update_fields=["calibration"])
    ledger.append(version, thresholds={}, act=Act.RECALIBRATE, by="tester")


def restored() -> float | None:
    calibration = roll_back_calibration(org_id="default", by="tester").calibration
    return calibration["a"] if calibration else None


def test_each_restoring_goes_one_calibration_further_back() -> None:
    an_active_version()
    for a in (1.1, 1.2, 1.3):
        recalibrated(a)
    assert [restored(), restored()] == [1.2, 1.1]
    recalibrated(1.4)
    assert [restored(), restored()] == [1.1, None]
    with pytest.raises(NothingToRestore):
        restored()
    assert ledger.verify("default") is None


def test_a_rollback_to_the_version_brings_its_calibration_back() -> None:
    version = an_active_version()
    a_mature_past(version, shift=1.2)
    new = recalibrate_now(org_id="default", by="tester").calibration
    kept("20260201000000", seed=2)
    activate(org_id="default", version="20260201000000", by="tester", at=NOW)
    assert scorers.active("default").version == "20260201000000"
    roll_back(org_id="default", version=version.version, by="tester", at=NOW)
    assert ModelVersion.objects.active().get().calibration == new


def test_what_a_refit_cannot_mend_raises_an_alarm_once() -> None:
    version = an_active_version()
    older, newest = a_mature_past(version, 300)[:200], []
    newest = list(Prediction.objects.order_by("as_of")[200:])
    Outcome.objects.filter(dossier__in=[each.dossier for each in older]).update(converted=True)
    Outcome.objects.filter(dossier__in=[each.dossier for each in newest]).update(converted=False)
    for _ in range(2):
        assert recalibrate_where_due(org_id="default") is None
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.model_version) == ("CALIBRATION", version.version)
    assert "would not mend it" in alarm.words
    assert acts() == ["activate"]


def test_few_outcomes_are_not_enough(settings: Any) -> None:
    a_mature_past(an_active_version(), 60, shift=3)
    assert recalibrate_where_due(org_id="default") is None
    with pytest.raises(TooFewOutcomes, match="60 leads"):
        recalibrate_now(org_id="default", by="tester")
    settings.ML_RECALIBRATION_MIN_OUTCOMES = 50
    assert recalibrate_where_due(org_id="default") is not None


def test_young_predictions_are_not_asked_however_quickly_decided() -> None:
    version = an_active_version()
    a_mature_past(version, age=10)
    assert watch("default").outcomes.dossiers == 0


def test_what_was_decided_before_it_was_said_is_not_counted_and_silence_is_a_no() -> None:
    version = an_active_version()
    made = a_mature_past(version, 30)
    told, silent = made[0], made[1]
    assert told.dossier is not None
    Outcome.objects.filter(dossier=told.dossier).update(occurred_at=told.as_of - timedelta(hours=1))
    Outcome.objects.filter(dossier=silent.dossier).delete()
    outcomes = watch("default").outcomes
    assert told.dossier.pk not in outcomes.dossier
    assert not outcomes.converted[outcomes.dossier == silent.dossier_id].any()


def test_a_lead_scored_every_day_counts_once_by_one_prediction_a_week() -> None:
    version = an_active_version()
    (first,) = a_mature_past(version, 1)
    for _ in range(20):
        first.pk, first.as_of = None, first.as_of - timedelta(days=1)
        first.predicted_at = first.as_of
        first.save(force_insert=True)
    outcomes = watch("default").outcomes
    assert 3 <= len(outcomes) <= 5
    assert outcomes.weight.sum() == pytest.approx(1)


def test_what_is_said_of_historical_records_counts_as_of_then() -> None:
    a_mature_past(an_active_version(), 1)
    Prediction.objects.update(predicted_at=NOW)
    assert len(watch("default").outcomes) == 0, "a live organisation's leads are read when they are scored"
    Organisation.objects.update_or_create(org_id="default", defaults={"observed_until": NOW})
    assert len(watch("default").outcomes) == 1


@pytest.mark.parametrize(("most", "weeks"), [(120, 27), (10, 8)])
def test_weeks_are_read_from_the_newest_until_there_are_enough(
    most: int, weeks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = a_mature_past(an_active_version(), 120)  # said from 140 to 100 days ago; the horizon is 60
    monkeypatch.setattr("predictions.recalibrating.MOST", most)
    with CaptureQueriesContext(connection) as asked:
        outcomes = watch("default").outcomes
    assert outcomes.dossier.tolist() == [each.dossier_id for each in made[-most:]]
    assert len([each for each in asked if "DISTINCT ON (dossier_id)" in each["sql"]]) <= weeks


def test_without_gain_nothing_is_changed() -> None:
    version = an_active_version()
    a_mature_past(version)
    outcomes = watch("default").outcomes
    flipped = np.where(np.arange(len(outcomes)) < 200, outcomes.converted, ~outcomes.converted)
    with pytest.raises(NotBetter, match="stays as it is"):
        recalibrate(
            org_id="default",
            version=version.version,
            outcomes=type(outcomes)(outcomes.share, flipped, outcomes.weight, outcomes.dossier),
            by="tester",
        )
    assert acts() == ["activate"]


def test_outcomes_of_another_version_are_refused() -> None:
    a_mature_past(an_active_version(), shift=1)
    outcomes = watch("default").outcomes
    with pytest.raises(AnotherIsActive):
        recalibrate(org_id="default", version="20250101000000", outcomes=outcomes, by="tester")


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="No version is active in default: the rules score"):
        call_command("recalibrate")
    version = an_active_version()
    with pytest.raises(CommandError, match="never been recalibrated"):
        call_command("recalibrate", undo=True)
    a_mature_past(version, shift=1.2)
    call_command("recalibrate", reason="the spring campaign")
    assert version.version in capsys.readouterr().out
    assert ModelActivation.objects.get(act="recalibrate").reason == "the spring campaign"
    call_command("recalibrate", undo=True)
    assert acts()[-1] == "restore"


def test_a_damaged_artefact_of_one_organisation_does_not_stop_the_others() -> None:
    ModelArtefact.objects.filter(version=an_active_version(org_id="a", seed=2)).update(content=b"nonsense")
    a_mature_past(an_active_version(org_id="b"), shift=1.2)
    recalibrate_where_due_daily()
    assert ModelVersion.objects.of("b").active().get().calibration is not None


def test_it_is_looked_at_every_day() -> None:
    assert PeriodicTask.objects.get(name="Recalibrate where due").enabled
