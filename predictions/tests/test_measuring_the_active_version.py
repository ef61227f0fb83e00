"""The daily measurement: stored, rehearsed where nothing has matured, and alarming where it must."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from django_celery_beat.models import PeriodicTask

from common.models import AuditEntry
from common.one_by_one import SomeFailed
from leads.models import Dossier, Organisation
from leads.tests.cast import DAY, a_lead, a_past
from models_registry import ledger
from models_registry.alarms import raise_alarm
from models_registry.models import Act, Alarm, ModelArtefact, ModelVersion
from models_registry.tests.cards import a_version as a_card
from models_registry.tests.cast import a_version
from models_registry.triggers import facts_of
from predictions.drift_watch import RUNNING, drift_of
from predictions.measurement import KEPT, measure, measure_all
from predictions.models import Quality, QualityKind
from predictions.quality import realised_of, rehearsed_of
from predictions.tasks import measure_quality, recalibrate_where_due_daily
from predictions.tests.mature import a_mature_past, an_active_version
from predictions.tests.test_a_model_keeps_its_word import a_judged_lead

pytestmark = pytest.mark.django_db
DAILY = (recalibrate_where_due_daily, measure_quality)


def now() -> datetime:
    return datetime.now(timezone.utc)


def measured() -> dict[tuple[str, str, int], dict[str, Any]]:
    rows = measure(org_id="default", at=now())
    return {(row.version, row.kind, row.window_days): row.figures for row in rows}


def alarms() -> list[str]:
    return list(AuditEntry.objects.filter(act__startswith="alarm.").values_list("act", flat=True))


def test_each_figure_is_a_row_and_the_latest_are_found_together() -> None:
    a_past()
    version = a_version()
    first, second = (measure(org_id="default", at=now()) for _ in range(2))
    latest = Quality.objects.of("default").of_last_measurement()
    assert {row.pk for row in latest} == {row.pk for row in second}
    assert len(first) == len(second) == 10
    assert {row.version for row in latest} == {version.version, ""}
    assert {row.kind for row in latest} == set(QualityKind.values)


def test_until_predictions_mature_the_version_is_rehearsed_on_leads_that_it_had_not_seen() -> None:
    a_past()
    version = a_version()
    figures = rehearsed_of(Organisation.get("default"), version, at=now())
    learnt_until = datetime.fromisoformat(version.card["training"]["created_to"]).replace(tzinfo=timezone.utc)
    newer = Dossier.objects.filter(created_at__gt=learnt_until, outcomes__isnull=False).count()
    assert figures["leads"] == newer > 10
    assert figures["roc_auc"] > 0.5
    assert sum(band["leads"] for band in figures["bands"]) == figures["leads"]


def test_leads_like_those_of_training_do_not_drift_and_others_do_and_raise_an_alarm() -> None:
    a_past(400)
    version, org = a_version(), Organisation.get("default")
    steady = drift_of(org, version, at=now())
    others = [each for each in [*steady["features"], steady["score"]] if each["feature"] not in RUNNING]
    assert {each["verdict"] for each in others} == {"steady"}
    for number in range(120):
        a_lead(now() - number * DAY / 10, source="radio")
    found = measured()[version.version, QualityKind.DRIFT, 30]
    moved = {each["feature"]: each["words"] for each in found["features"] if each["verdict"] == "moved"}
    assert any("never saw" in words for words in moved["source"])
    assert alarms() == ["alarm.drift"]
    assert "Source: " in AuditEntry.objects.get(act="alarm.drift").reason


def test_drift_that_is_over_is_no_alarm_any_more_and_another_time_a_new_one() -> None:
    a_past(400)
    version = a_version()
    raised = raise_alarm(org_id="default", kind="DRIFT", words="moved", evidence={}, at=now() - DAY)
    assert facts_of("default", at=now()).alarms == {"DRIFT": "moved"}
    assert measured()[version.version, QualityKind.DRIFT, 30]["leads"]
    raised.refresh_from_db()
    assert raised.ended_at is not None
    assert facts_of("default", at=now()).alarms == {}
    again = raise_alarm(org_id="default", kind="DRIFT", words="moved again", evidence={}, at=now())
    assert Alarm.objects.unanswered().get() == again
    assert again.raised_at > raised.raised_at
    assert alarms() == ["alarm.drift"] * 2


def test_drift_of_which_no_new_lead_tells_is_not_over() -> None:
    version = an_active_version()
    raise_alarm(org_id="default", kind="DRIFT", words="moved", evidence={}, at=now() - DAY)
    assert not measured()[version.version, QualityKind.DRIFT, 30]["leads"]
    assert Alarm.objects.unanswered().exists()


def test_drift_of_which_a_handful_of_leads_cannot_tell_is_not_over() -> None:
    """As where an import stops: the few that still come are too few to say that nothing has moved any more."""
    a_past(400)
    version = a_version()
    Dossier.objects.filter(created_at__gt=now() - 95 * DAY).delete()
    for number in range(12):
        a_lead(now() - (number + 1) * DAY, source="radio")
    raise_alarm(org_id="default", kind="DRIFT", words="moved", evidence={}, at=now() - DAY)
    found = measured()[version.version, QualityKind.DRIFT, 30]
    assert found["leads"] == 12
    assert {each["reason"] for each in found["features"]} == {"too_few_leads"}
    assert Alarm.objects.unanswered().exists()


def test_the_score_is_compared_at_the_ages_of_the_holdout_and_by_those_of_training_where_these_are_not_told() -> None:
    a_past(400)
    version, org = a_version(), Organisation.get("default")
    reference = version.card["reference"]
    reference["score_ages"] = {"0": 1.0}
    youngest = drift_of(org, version, at=now())["score"]["psi"]
    del reference["score_ages"]
    earlier = drift_of(org, version, at=now())["score"]["psi"]
    reference["score_ages"] = reference["ages"]
    assert drift_of(org, version, at=now())["score"]["psi"] == earlier != youngest
    reference["score_ages"] = {"0.5": 1.0}
    assert drift_of(org, version, at=now())["score"]["reason"] == "too_few_leads"


def test_probabilities_that_miss_raise_an_alarm() -> None:
    a_past()
    version = a_version()
    for number in range(120):
        lead = a_judged_lead(0.6, number % 10 == 0, at=now() - 65 * DAY, number=number + 1)
        lead.predictions.update(model_version=version.version)
    measure(org_id="default", at=now())
    assert "alarm.calibration" in alarms()
    assert "60% were said to convert and 10% did" in AuditEntry.objects.get(act="alarm.calibration").reason


def calibrated(version: ModelVersion, days_ago: float) -> None:
    """As if it had been, so long ago."""
    ledger.append(version, thresholds={}, act=Act.RECALIBRATE, by="tester", at=now() - days_ago * DAY)


def calibration_alarms() -> list[Alarm]:
    measure(org_id="default", at=now())
    return list(Alarm.objects.unanswered().filter(kind="CALIBRATION"))


@pytest.mark.parametrize("days_ago", [1, 70])
def test_a_word_that_was_broken_before_the_calibration_was_set_is_no_alarm(days_ago: int) -> None:
    version = an_active_version()
    a_mature_past(version, shift=1.2)  # said 100 to 140 days ago
    calibrated(version, days_ago)
    assert calibration_alarms() == []


def test_a_word_that_is_broken_under_the_present_calibration_is_an_alarm() -> None:
    version = an_active_version()
    calibrated(version, 200)
    a_mature_past(version, shift=1.2)
    (raised,) = calibration_alarms()
    assert raised.evidence["leads"] == 300


def test_what_was_said_since_the_calibration_was_set_is_judged_by_itself() -> None:
    version = an_active_version()
    a_mature_past(version, shift=1.2)
    calibrated(version, 120)
    (raised,) = calibration_alarms()
    assert 100 < raised.evidence["leads"] < 200
    assert realised_of(Organisation.get("default"), version.version, days=90, at=now())["leads"] == 300


def test_the_daily_look_at_calibration_comes_before_the_measuring_and_leaves_it_no_alarm() -> None:
    a_mature_past(an_active_version(), shift=1.2)
    recalibrating, measuring = (PeriodicTask.objects.get(task=f"predictions.tasks.{each.__name__}") for each in DAILY)
    assert [(int(each.crontab.hour), int(each.crontab.minute)) for each in (recalibrating, measuring)] == [
        (4, 30),
        (5, 0),
    ]
    for task in DAILY:
        task()
    assert alarms() == []


def test_a_calibration_answers_the_alarm_and_a_later_alarm_is_a_new_one() -> None:
    version = an_active_version()
    a_mature_past(version, shift=1.2)
    (raised,) = calibration_alarms()
    recalibrate_where_due_daily()
    assert not Alarm.objects.unanswered().exists()
    assert facts_of("default", at=now()).alarms == {}
    assert calibration_alarms() == []
    raise_alarm(org_id="default", kind="CALIBRATION", words="off again", evidence={}, at=now())
    (again,) = Alarm.objects.unanswered()
    assert again.words == "off again"
    assert again.raised_at > raised.raised_at
    assert alarms() == ["alarm.calibration"] * 2


def test_a_word_that_is_kept_again_ends_the_alarm_of_who_saw_it_broken_last() -> None:
    """Two look each morning, at windows of their own: neither takes back what the other sees."""
    a_mature_past(an_active_version())
    seen: list[tuple[dict[str, Any], Callable[[], object], Callable[[], object]]] = [
        ({"calibration_p": 1e-9}, recalibrate_where_due_daily, lambda: measure(org_id="default", at=now())),
        ({"band": {}}, lambda: measure(org_id="default", at=now()), recalibrate_where_due_daily),
    ]
    for evidence, other, own in seen:
        raise_alarm(org_id="default", kind="CALIBRATION", words="off", evidence=evidence, at=now() - DAY)
        other()
        assert Alarm.objects.unanswered().exists()
        own()
        assert not Alarm.objects.unanswered().exists()
        assert Alarm.objects.get().ended_at is not None


def test_a_calibration_is_not_found_kept_where_too_little_has_matured_to_say() -> None:
    a_mature_past(an_active_version(), 15)
    for evidence in ({"calibration_p": 1e-9}, {"band": {}}):
        raise_alarm(org_id="default", kind="CALIBRATION", words="off", evidence=evidence, at=now() - DAY)
        for task in DAILY:
            task()
        assert Alarm.objects.unanswered().exists()


def test_a_calibration_answers_no_alarm_of_drift() -> None:
    version = an_active_version()
    raise_alarm(org_id="default", kind="DRIFT", words="moved", evidence={}, at=now() - DAY)
    calibrated(version, 0)
    assert Alarm.objects.unanswered().get().kind == "DRIFT"


def test_without_an_active_version_nothing_is_measured() -> None:
    assert measure(org_id="default", at=now()) == []


def test_a_version_without_a_reference_says_so() -> None:
    assert drift_of(Organisation.get("default"), a_card(), at=now())["reasons"] == {"all": "no_reference"}


def test_a_damaged_artefact_leaves_the_realised_figures() -> None:
    a_past()
    a_version()
    ModelVersion.objects.update(digest="0" * 64)
    ModelArtefact.objects.update(content=b"x")
    assert {kind for _, kind, _ in measured()} == {QualityKind.REALISED, QualityKind.ESTIMATED}


def test_every_organisation_is_measured_each_day_and_the_long_past_forgotten() -> None:
    for org_id in ("default", "other"):
        a_past(org_id=org_id)
        a_version(org_id)
    Quality.objects.create(kind=QualityKind.DRIFT, at=now() - KEPT - DAY)
    assert measure_quality() == 2
    assert set(Quality.objects.values_list("org_id", flat=True)) == {"default", "other"}
    assert not Quality.objects.filter(at__lt=now() - KEPT).exists()
    assert measure_all(at=now()) == 2


def test_an_organisation_that_cannot_be_measured_leaves_the_others_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for org_id in ("a", "b", "c"):
        a_card(org_id=org_id, is_active=True)

    def drift_but_of_b(org: Organisation, version: ModelVersion, *, at: datetime) -> dict[str, Any]:
        if org.org_id == "b":
            raise KeyError("events.viewing.count")
        return drift_of(org, version, at=at)

    monkeypatch.setattr("predictions.measurement.drift_of", drift_but_of_b)
    with pytest.raises(SomeFailed, match="b"):
        measure_quality()
    assert set(Quality.objects.values_list("org_id", flat=True)) == {"a", "c"}
