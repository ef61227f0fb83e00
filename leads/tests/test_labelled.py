"""Training rows: the past as it was, and only fates that are known."""

from datetime import timedelta
from typing import Any

import pytest

from leads import labelled
from leads.models import Organisation
from leads.tests.cast import DAY, MONDAY, a_lead, a_message, an_appointment, an_attribute, an_outcome

pytestmark = pytest.mark.django_db
LATER = MONDAY + 100 * DAY
AGES = (0.0, 1.0, 7.0)


def rows(until=LATER):  # type: ignore[no-untyped-def]
    return labelled.training_rows(Organisation.get("default"), since=MONDAY, until=until, ages=AGES)


def test_what_happens_after_a_conversion_changes_nothing_in_its_training_rows() -> None:
    lead = a_lead()
    a_message(lead, MONDAY + DAY / 2)
    an_outcome(lead, True, MONDAY + 3 * DAY)
    before = rows()
    for hour in range(10):
        a_message(lead, MONDAY + 3 * DAY + timedelta(hours=hour + 1), "OUTBOUND")
        an_appointment(lead, MONDAY + 4 * DAY)
    after = rows()
    assert len(before) == len(after) == 2
    for feature in before.features:
        assert [str(v) for v in before.columns[feature.name]] == [str(v) for v in after.columns[feature.name]]


def test_a_lead_is_a_row_at_each_age_at_which_it_was_undecided_and_weighs_one_on_average() -> None:
    lead = a_lead()
    an_outcome(lead, True, MONDAY + 3 * DAY)
    found = rows()
    assert list((found.moment - found.created_at).astype("timedelta64[D]").astype(int)) == [0, 1]
    assert list(found.converted) == [True, True]
    assert found.weight.sum() == pytest.approx(1)


def test_a_conversion_beyond_the_horizon_is_none() -> None:
    lead = a_lead()
    an_outcome(lead, True, MONDAY + 65 * DAY)
    assert list(rows().converted) == [False, False, True]


def test_a_lead_neither_decided_nor_observed_for_the_horizon_is_left_out() -> None:
    a_lead(LATER - 10 * DAY)
    lost = a_lead(LATER - 10 * DAY)
    an_outcome(lost, False, LATER - 8 * DAY)
    found = rows()
    assert set(found.dossier) == {lost.pk}


def a_hundred() -> None:
    for number in range(100):
        an_outcome(a_lead(), number % 2 == 0, MONDAY + 2 * DAY)


def test_beyond_the_first_undecided_lead_only_quick_decisions_are_known_so_they_are_not_taken() -> None:
    a_hundred()
    a_lead(LATER - 12 * DAY)
    young = a_lead(LATER - 10 * DAY)
    an_outcome(young, True, LATER - 8 * DAY)
    found = rows()
    assert len(set(found.dossier)) == 100
    assert young.pk not in found.dossier


def test_young_leads_are_taken_where_the_fate_of_all_is_known() -> None:
    a_hundred()
    young = a_lead(LATER - 10 * DAY)
    an_outcome(young, True, LATER - 8 * DAY)
    assert young.pk in rows().dossier


def test_an_outcome_of_unknown_time_labels_the_lead_only_as_it_came_in() -> None:
    lead = a_lead()
    an_outcome(lead, True, MONDAY + 90 * DAY, is_exact=False)
    found = rows()
    assert list(found.converted) == [True]
    assert found.moment[0] == found.created_at[0]


def test_records_are_counted_by_outcome() -> None:
    for converted in (True, False, False):
        an_outcome(a_lead(), converted, MONDAY + 2 * DAY)
    a_lead(LATER - DAY)
    counts = labelled.count(Organisation.get("default"), since=MONDAY, until=LATER)
    assert counts.to_json() == {"leads": 4, "usable": 3, "converted": 1, "lost": 2}


def test_each_attribute_says_when_it_is_known_by_the_most_suspicious_of_its_values() -> None:
    first, second = a_lead(), a_lead()
    an_attribute(first, "budget", 1, availability="creation")
    an_attribute(second, "budget", 2, availability="observed")
    an_attribute(first, "tags", "hot", availability="unknown")
    an_attribute(first, "rating", 3, availability="creation")
    an_attribute(second, "rating", 4, availability="contact")
    an_attribute(first, "duration", 261, availability="contact")
    an_attribute(second, "duration", 12, availability="outcome")
    found = rows()
    assert found.availability == {
        "attributes.budget": "observed",
        "attributes.rating": "unknown",
        "attributes.tags": "unknown",
    }
    assert found.later == {"attributes.duration": "outcome"}
    assert "attributes.duration" not in found.columns


def test_another_organisations_attributes_say_nothing() -> None:
    a_lead()
    an_attribute(a_lead(org_id="other"), "budget", 1, availability="unknown")
    assert rows().availability == {}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_reading_on_several_connections_finds_what_one_finds(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    a_hundred()
    an_attribute(a_lead(), "hobby", "chess")
    monkeypatch.setattr(labelled, "CHUNK", 30)
    found = []
    for settings.ML_TRAINING_JOBS in (1, 3):
        found.append(rows())
    one, several = found
    assert one.features == several.features
    assert one.dossier.tolist() == several.dossier.tolist()
    for feature in one.features:
        assert [str(v) for v in one.columns[feature.name]] == [str(v) for v in several.columns[feature.name]]
