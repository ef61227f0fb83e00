"""Scoring as arrays stores what scoring one by one would; reasons are made when first asked for, and are the same."""

from typing import Any

import pytest
from django.utils import timezone

from leads.models import Dossier, LeadScore
from leads.tests.cast import DAY, HOUR, a_lead, a_message, a_past, a_property
from models_registry import scorers
from models_registry.models import ScoringRule
from models_registry.tests.cast import a_version
from predictions import answers, bulk, scoring
from predictions.bulk import score_in_bulk
from predictions.models import Prediction, PredictionBatch
from predictions.recollection import Recollection
from predictions.replay import replay
from predictions.scoring import predictions_from, score_leads
from predictions.unpacking import inputs, unpack, versions_of
from predictions.vectors import columns_from

pytestmark = pytest.mark.django_db


def some_leads() -> list[Any]:
    now = timezone.now()
    leads = [a_lead(now - days * DAY, source=source) for days, source in ((3, "website"), (9, None), (30, "new one"))]
    a_property(leads[0], price=100_000)
    a_message(leads[1], now - HOUR)
    return leads


def in_bulk(leads: list[Any]) -> int:
    return score_in_bulk(org_id="default", leads=Dossier.objects.filter(pk__in=[lead.pk for lead in leads]))


def newest(lead: Any) -> Prediction:
    return Prediction.objects.of_dossier(lead)[0]


@pytest.mark.parametrize("by_model", [True, False])
def test_it_stores_what_scoring_one_by_one_stores(by_model: bool) -> None:
    if by_model:
        a_past()
        a_version()
    leads = some_leads()
    assert in_bulk(leads) == 3
    for lead in leads:
        row, score = newest(lead), LeadScore.objects.get(dossier=lead)
        alone = score_leads(org_id="default", dossiers=[lead])[0].prediction
        assert row.conversion_probability == pytest.approx(alone.conversion_probability, abs=2e-3)  # time went on
        assert (row.method, row.model_version, row.variant) == (alone.method, alone.model_version, "")
        assert (score.probability, score.prediction_id) == (row.conversion_probability, row.pk)
        assert (score.expected_value is None) == (lead != leads[0])
        assert row.inputs.keys() == alone.inputs.keys()
        assert row.inputs["lead_source_score"] == alone.inputs["lead_source_score"]


@pytest.mark.parametrize("by_model", [True, False])
def test_reasons_made_later_are_those_made_at_once(by_model: bool) -> None:
    if by_model:
        a_past()
        a_version()
    leads = some_leads()
    assert in_bulk(leads) == 3
    chosen = scorers.active("default")
    for row in map(newest, leads):
        assert row.stored_vector is None
        columns = columns_from(chosen.scorer.features, [row.inputs])
        (at_once,) = predictions_from("default", chosen, columns, row.predicted_at)
        assert row.vector == at_once.vector
        assert sum(part for _, _, part in row.vector) + row.base_probability == pytest.approx(
            row.conversion_probability, abs=1e-9
        )
        assert row.inputs == {name: value for name, value, _ in row.vector}


@pytest.mark.parametrize("by_model", [True, False])
def test_many_rows_of_several_batches_are_explained_in_as_many_statements_as_two(
    by_model: bool, django_assert_num_queries: Any
) -> None:
    if by_model:
        a_past()
        a_version()
    leads = some_leads()
    for lead in leads:  # each a batch of its own, with words of its own
        in_bulk([lead])
    rows = list(Prediction.objects.order_by("pk"))
    versions_of("default", [])  # planned once a connection: another statement for whoever is first
    with django_assert_num_queries(1 + by_model):
        unpack(rows)
    assert [row.stored_vector for row in rows] == [row.vector for row in map(as_of_another_batch, stored())]
    others = [as_of_another_batch(row) for row in stored()]
    with django_assert_num_queries(1):
        assert inputs(others) == [row.inputs for row in rows]


def stored() -> list[Prediction]:
    return list(Prediction.objects.order_by("pk"))


def as_of_another_batch(row: Prediction) -> Prediction:
    """The row as a process meets it that has not met it before."""
    batch = PredictionBatch.objects.get(pk=row.batch_id)
    batch.pk = None
    batch.save()
    row.batch_id = batch.pk
    return row


@pytest.mark.parametrize("by_model", [True, False])
def test_what_a_process_has_explained_it_need_not_explain_again(by_model: bool, django_assert_num_queries: Any) -> None:
    if by_model:
        a_past()
        a_version()
    in_bulk(some_leads())
    rows, again = stored(), stored()
    unpack(rows)
    with django_assert_num_queries(0):
        unpack(again)
    assert [row.stored_vector for row in again] == [row.stored_vector for row in rows]
    assert any(part for _, _, part in again[0].vector)


def test_what_was_dropped_while_it_was_read_is_unexplained_and_not_an_error() -> None:
    """Months are dropped, and then what their predictions had in common."""
    (lead,) = some_leads()[:1]
    in_bulk([lead])
    Prediction.objects.update(batch_id=-1)
    (answer,) = answers.stored(lead, stored(), None)
    assert (answer["feature_contributions"], answer["contributions_reason"]) == ([], "model_not_available")
    assert inputs(stored()) == [{}]


def test_what_was_asked_for_last_is_remembered() -> None:
    known = Recollection[str, int](kept=2)
    known.keep({"a": 1, "b": 2})
    assert known.of(["a"]) == {"a": 1}
    known.keep({"c": 3})
    assert known.of(["a", "b", "c"]) == {"a": 1, "c": 3}


def test_a_rule_changed_afterwards_does_not_change_the_reasons() -> None:
    (lead, *_) = some_leads()
    in_bulk([lead])
    before = newest(lead).vector
    ScoringRule.objects.create(feature="days_since_creation", low=0, points=40, position=1)
    assert newest(lead).vector == before


def test_bulk_rows_are_answered_like_others_and_can_be_rebuilt() -> None:
    a_past()
    a_version()
    (lead, *_) = leads = some_leads()
    in_bulk(leads)
    answer = answers.stored(lead, [newest(lead)], None)[0]
    assert answer["feature_contributions"][0]["feature"]
    assert "contributions_reason" not in answer
    assert replay("default", 10).identical == 3


def test_a_batch_holds_what_its_rows_share() -> None:
    in_bulk(some_leads())
    batch = PredictionBatch.objects.get()
    assert batch.model_version is None
    assert batch.rules
    assert {row.batch_id for row in Prediction.objects.all()} == {batch.pk}


def test_where_the_artefact_is_gone_there_are_values_and_no_reasons() -> None:
    a_past()
    version = a_version()
    (lead, *_) = leads = some_leads()
    in_bulk(leads)
    type(version).objects.filter(pk=version.pk).update(is_active=False, archived_at=timezone.now())
    row = newest(lead)
    assert (row.vector, row.is_unexplained) == ([], True)
    assert (row.inputs["source"], inputs([newest(lead)])) == ("website", [row.inputs])
    (answer,) = answers.stored(lead, [newest(lead)], None)
    assert (answer["feature_contributions"], answer["contributions_reason"]) == ([], "model_not_available")


@pytest.mark.parametrize("room", [bulk, scoring])
@pytest.mark.parametrize("is_scored", [True, False])
def test_a_score_that_was_made_meanwhile_of_what_is_newer_stays_the_current_one(
    room: Any, is_scored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk stores seconds after it has read its leads: what a caller was answered since then was read later."""
    lead, take = a_lead(), room.snapshots.take
    if is_scored:
        in_bulk([lead])
    later: list[Prediction] = []

    def taken_slowly(*args: Any) -> Any:
        read = take(*args)
        monkeypatch.undo()
        later.append(score_leads(org_id="default", dossiers=[lead])[0].prediction)
        return read

    monkeypatch.setattr(room.snapshots, "take", taken_slowly)
    in_bulk([lead]) if room is bulk else score_leads(org_id="default", dossiers=[lead])
    score = LeadScore.objects.get(dossier=lead)
    assert (score.prediction_id, score.scored_at) == (later[0].pk, later[0].predicted_at)
    assert newest(lead).pk == later[0].pk
    assert Prediction.objects.filter(dossier=lead).count() == 2 + is_scored


@pytest.mark.parametrize("ahead", [HOUR, DAY])
def test_a_score_of_a_clock_that_was_set_back_does_not_stand_for_ever(ahead: Any) -> None:
    lead = a_lead()
    in_bulk([lead])
    for score in (lambda: in_bulk([lead]), lambda: score_leads(org_id="default", dossiers=[lead])):
        LeadScore.objects.update(scored_at=timezone.now() + ahead)
        score()
        assert LeadScore.objects.get().prediction_id == Prediction.objects.latest("pk").pk
