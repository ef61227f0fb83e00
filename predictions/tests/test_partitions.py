"""Predictions by month: made ahead, caught where nothing was made, dropped when they are old."""

import contextlib
from datetime import date, datetime, timezone
from typing import Any

import pytest
from django.db import OperationalError, connection

from leads.tests.cast import a_lead
from models_registry.tests.cards import a_version
from predictions import partitions
from predictions.models import Prediction, ShadowPrediction
from predictions.tests.scored import a_scored_lead

pytestmark = pytest.mark.django_db


def at(year: int, month: int) -> datetime:
    return datetime(year, month, 15, tzinfo=timezone.utc)


def a_prediction_of(moment: datetime) -> Prediction:
    row = Prediction.objects.of_dossier(a_scored_lead())[0]
    return Prediction.objects.create(
        **{f.attname: getattr(row, f.attname) for f in row._meta.fields if f.attname != "id"}
        | {"predicted_at": moment, "dossier_id": a_lead().pk}
    )


def place_of(row: Prediction) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM ml_prediction WHERE id = %s", [row.pk])
        return str(cursor.fetchone()[0])


def test_a_prediction_is_in_its_month() -> None:
    row = Prediction.objects.of_dossier(a_scored_lead())[0]
    assert place_of(row) == partitions.name_of(row.predicted_at.date())


def test_what_has_no_month_is_kept_and_moves_when_there_is_one() -> None:
    row = a_prediction_of(at(2077, 5))
    assert place_of(row) == "ml_prediction_default"
    made = partitions.make_ahead(at(2077, 4))
    assert made == [date(2077, month, 1) for month in (4, 5, 6, 7)]
    assert place_of(row) == "ml_prediction_207705"
    assert partitions.make_ahead(at(2077, 4)) == []


def test_a_month_that_passed_without_one_is_made_afterwards_and_dropped_in_its_time(settings: Any) -> None:
    """No task ran for half a year: nothing of then may stay in the default partition, where no retention reaches it."""
    settings.PREDICTION_KEEP_MONTHS = 6
    partitions.make_ahead(at(2077, 1))
    row = a_prediction_of(at(2077, 5))
    assert place_of(row) == "ml_prediction_default"
    made = partitions.make_ahead(at(2077, 7))
    assert made == [date(2077, month, 1) for month in (5, 7, 8, 9, 10)]
    assert place_of(row) == "ml_prediction_207705"
    connection.check_constraints()
    assert date(2077, 5, 1) not in partitions.drop_old(at(2077, 11))
    assert date(2077, 5, 1) in partitions.drop_old(at(2077, 12))
    assert not Prediction.objects.filter(pk=row.pk).exists()


def test_old_months_are_dropped_only_where_that_is_set(settings: Any) -> None:
    partitions.make_ahead(at(2015, 1))
    old, newer = a_prediction_of(at(2015, 1)), a_prediction_of(at(2015, 2))
    assert partitions.drop_old(at(2015, 3)) == []
    settings.PREDICTION_KEEP_MONTHS = 1
    connection.check_constraints()
    assert partitions.drop_old(at(2015, 3)) == [date(2015, 1, 1)]
    assert not Prediction.objects.filter(pk=old.pk).exists()
    assert Prediction.objects.filter(pk=newer.pk).exists()


def test_what_shadows_said_goes_with_what_was_given(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "AT_ONCE", 2)
    for org_id in ("default", "other"):
        version = a_version(org_id=org_id).version
        lead = a_lead(org_id=org_id)
        for moment in (at(2015, 1), at(2015, 1), at(2015, 1), at(2015, 2)):
            ShadowPrediction.objects.create(
                org_id=org_id,
                dossier=lead,
                prediction_id=1,
                model_version=version,
                probability=0.5,
                predicted_at=moment,
                as_of=moment,
            )
    partitions.drop_old(at(2015, 3))
    assert ShadowPrediction.objects.count() == 8
    settings.PREDICTION_KEEP_MONTHS = 1
    connection.check_constraints()
    partitions.drop_old(at(2015, 3))
    kept = ShadowPrediction.objects.order_by("org_id").values_list("org_id", "predicted_at")
    assert list(kept) == [("default", at(2015, 2)), ("other", at(2015, 2))]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_predicts_does_not_wait_for_a_backup_to_end(settings: Any) -> None:
    """It holds every table; who waited for it to let go would keep all others waiting behind."""
    settings.PREDICTION_KEEP_MONTHS = 1
    month = partitions.kept()[0]
    long_after = datetime(month.year + 50, 1, 1, tzinfo=timezone.utc)
    with contextlib.closing(connection.copy()) as backup, backup.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT count(*) FROM ml_prediction")
        for act in (partitions.make_ahead, partitions.drop_old):
            with pytest.raises(OperationalError, match="lock timeout"):
                act(long_after)
    assert partitions.kept()[0] == month


def test_a_leads_newest_prediction_is_found_over_months() -> None:
    partitions.make_ahead(at(2026, 1))
    rows = [a_prediction_of(at(2026, month)) for month in (1, 3, 2)]
    lead = a_lead()
    Prediction.objects.filter(pk__in=[row.pk for row in rows]).update(dossier=lead)
    assert [row.predicted_at.month for row in Prediction.objects.of_dossier(lead)] == [3, 2, 1]
