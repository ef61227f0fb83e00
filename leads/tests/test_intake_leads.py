"""Leads are told whole, and what was so before stays on record."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Dossier, LeadAttribute, LeadChange, LeadStatusChange, Organisation, Outcome, Property
from leads.records import PropertyRecord
from leads.tests.cast import DAY, HOUR, MONDAY
from leads.tests.told import a_record, everything, tell, the_lead

pytestmark = pytest.mark.django_db
HOUSE = PropertyRecord(price=250_000.0, has_photos=True, city="Lyon")


def attributes(name: str) -> list[tuple[object, object, str]]:
    rows = LeadAttribute.objects.filter(name=name).order_by("known_from")
    return [(row.value, row.known_from, row.availability) for row in rows]


def test_a_new_lead_is_known_as_it_was_at_its_creation() -> None:
    done = tell(a_record(source="website", amount=1_000.0, property=HOUSE, attributes={"budget": 5}), at=MONDAY + HOUR)
    lead = the_lead()
    assert (done.created, done.changed) == ({42}, frozenset())
    assert (lead.source, lead.amount) == ("website", 1_000.0)
    assert (lead.property.city, lead.property.known_from) == ("Lyon", MONDAY)
    assert attributes("budget") == [(5, MONDAY, "creation")]


def test_what_is_told_later_than_a_day_after_creation_is_suspect() -> None:
    tell(a_record(attributes={"budget": 5}), at=MONDAY + 3 * DAY)
    assert attributes("budget") == [(5, MONDAY, "unknown")]


def test_the_same_again_changes_nothing() -> None:
    record = a_record(source="web", property=HOUSE, attributes={"a": 1, "b": True, "c": "x", "d": 0.1, "e": None})
    tell(record, at=MONDAY)
    before = everything()
    done = tell(record, at=MONDAY + DAY)
    assert (done.created, done.changed) == (frozenset(), frozenset())
    assert everything() == before


def test_a_replaced_value_leaves_an_undo_row() -> None:
    tell(a_record(source="web", amount=10.0, property=HOUSE))
    cheaper = PropertyRecord(price=240_000.0, has_photos=True, city="Lyon")
    tell(a_record(source="portal", property=cheaper), at=MONDAY + DAY)
    assert the_lead().property.price == 240_000.0
    changes = {row.field: (row.old_value, row.changed_at) for row in LeadChange.objects.all()}
    later = MONDAY + DAY
    assert changes == {"source": ("web", later), "amount": (10.0, later), "property.price": (250_000.0, later)}


def test_a_property_that_goes_and_comes_back_is_known_from_its_return() -> None:
    tell(a_record(property=HOUSE))
    tell(a_record(), at=MONDAY + DAY)
    assert not Property.objects.exists()
    tell(a_record(property=HOUSE), at=MONDAY + 2 * DAY)
    assert Property.objects.get().known_from == MONDAY + 2 * DAY
    undone = LeadChange.objects.filter(field="property.known_from").order_by("changed_at")
    assert [(row.old_value, row.changed_at) for row in undone] == [
        (MONDAY.isoformat(), MONDAY + DAY),
        (None, MONDAY + 2 * DAY),
    ]


def test_a_changed_attribute_is_a_new_row_and_a_left_out_one_is_null() -> None:
    tell(a_record(attributes={"budget": 5, "pet": "cat"}))
    tell(a_record(attributes={"budget": 6, "rooms": 3}), at=MONDAY + DAY)
    assert attributes("budget") == [(5, MONDAY, "creation"), (6, MONDAY + DAY, "observed")]
    assert attributes("pet") == [("cat", MONDAY, "creation"), (None, MONDAY + DAY, "observed")]
    assert attributes("rooms") == [(3, MONDAY + DAY, "observed")]


def test_one_and_true_are_different_values_and_one_and_one_point_nought_are_not() -> None:
    tell(a_record(attributes={"a": 1, "b": 1}))
    tell(a_record(attributes={"a": True, "b": 1.0}), at=MONDAY + DAY)
    assert [value for value, *_ in attributes("a")] == [1, True]
    assert [value for value, *_ in attributes("b")] == [1]


def test_two_tellings_at_one_instant_leave_the_later_one() -> None:
    tell(a_record(attributes={"a": 1}))
    tell(a_record(attributes={"a": 2}), at=MONDAY + DAY)
    tell(a_record(attributes={"a": 3}), at=MONDAY + DAY)
    assert [value for value, *_ in attributes("a")] == [1, 3]


def test_a_mapping_says_when_an_attribute_is_known_and_may_change_its_mind() -> None:
    tell(a_record(attributes={"tags": "hot"}, availability={"tags": "unknown"}), at=MONDAY + 30 * DAY)
    assert attributes("tags") == [("hot", MONDAY, "unknown")]
    tell(a_record(attributes={"tags": "hot"}, availability={"tags": "outcome"}), at=MONDAY + 31 * DAY)
    assert attributes("tags") == [("hot", MONDAY, "outcome")]
    tell(a_record(attributes={"tags": "cold"}, availability={"tags": "outcome"}), at=MONDAY + 32 * DAY)
    assert attributes("tags")[1] == ("cold", MONDAY + 32 * DAY, "outcome")


def test_a_change_that_was_seen_is_used_no_longer_once_a_mapping_says_that_it_comes_of_contact() -> None:
    tell(a_record(attributes={"tags": "hot"}))
    tell(a_record(attributes={"tags": "cold"}), at=MONDAY + DAY)
    tell(a_record(attributes={"tags": "cold"}, availability={"tags": "unknown"}), at=MONDAY + 2 * DAY)
    assert attributes("tags")[1] == ("cold", MONDAY + DAY, "observed")
    tell(a_record(attributes={"tags": "cold"}, availability={"tags": "contact"}), at=MONDAY + 3 * DAY)
    assert attributes("tags")[1] == ("cold", MONDAY + DAY, "contact")


def test_a_status_is_a_history() -> None:
    for day, status in enumerate(["NEW", "CONTACTED", "CONTACTED", "WON"]):
        tell(a_record(status=status), at=MONDAY + day * DAY)
    steps = LeadStatusChange.objects.order_by("changed_at")
    assert [(step.from_status, step.to_status, step.is_exact) for step in steps] == [
        ("", "NEW", True),
        ("NEW", "CONTACTED", True),
        ("CONTACTED", "WON", True),
    ]
    assert the_lead().status == "WON"


def test_an_old_lead_first_heard_of_as_won_was_won_at_a_time_nobody_knows() -> None:
    tell(a_record(status="WON"), at=MONDAY + 9 * DAY)
    outcome = Outcome.objects.get()
    assert (outcome.converted, outcome.occurred_at, outcome.is_exact, outcome.origin) == (
        True,
        MONDAY + 9 * DAY,
        False,
        "STATUS",
    )
    assert not LeadStatusChange.objects.get().is_exact


def test_a_status_that_is_not_told_stays() -> None:
    tell(a_record(status=None))
    assert the_lead().status == "NEW"
    tell(a_record(status="CONTACTED"), at=MONDAY + DAY)
    tell(a_record(status=None), at=MONDAY + 2 * DAY)
    assert the_lead().status == "CONTACTED"


def test_the_statements_do_not_grow_with_the_leads() -> None:
    def statements(count: int, first: int, at: object) -> int:
        records = [
            a_record(number, source=f"s{at}", status=f"S{at}", property=HOUSE, attributes={"a": str(at), "b": 1})
            for number in range(first, first + count)
        ]
        with CaptureQueriesContext(connection) as queries:
            tell(*records, at=at)  # type: ignore[arg-type]
        return len(queries)

    assert statements(1, 1, MONDAY) == statements(100, 1_000, MONDAY)
    assert statements(1, 1, MONDAY + DAY) == statements(100, 1_000, MONDAY + DAY) <= 16


def test_another_organisations_lead_of_the_same_number_is_another_lead() -> None:
    tell(a_record(source="ours"))
    tell(a_record(source="theirs"), org_id="other")
    assert (the_lead().source, the_lead(org_id="other").source) == ("ours", "theirs")


def test_where_a_number_comes_twice_the_later_record_counts() -> None:
    tell(a_record(source="a"), a_record(source="b"))
    assert the_lead().source == "b"


def test_historical_records_move_on_with_the_latest_lead_and_live_at_their_own_time() -> None:
    Organisation.objects.create(org_id="default", observed_until=MONDAY)
    tell(a_record(created_at=MONDAY + 2 * HOUR), at=MONDAY + 900 * DAY)
    assert Organisation.get("default").observed_until == MONDAY + 2 * HOUR
    tell(a_record(created_at=MONDAY + 2 * HOUR, status="WON"), at=MONDAY + 901 * DAY)
    assert Outcome.objects.get().occurred_at == MONDAY + 2 * HOUR


def test_a_creation_in_the_future_breaks_nothing() -> None:
    ahead = MONDAY + 400 * DAY
    tell(a_record(created_at=ahead, attributes={"a": 1}, status="WON"), at=MONDAY)
    tell(a_record(created_at=ahead, attributes={"a": 2}, status="NEW"), at=MONDAY + DAY)
    assert attributes("a") == [(2, ahead, "observed")]
    assert not Outcome.objects.current().exists()


def test_texts_come_back_as_they_were_sent() -> None:
    odd = 'quote " backslash \\ brace {} comma, NULL new\nline \t é 漢 🙂'
    tell(a_record(source=odd, attributes={odd[:20]: odd}))
    assert the_lead().source == odd
    assert attributes(odd[:20])[0][0] == odd
    tell(a_record(source="NULL", attributes={"x": "NULL"}), at=MONDAY + DAY)
    assert (the_lead().source, attributes("x")[0][0]) == ("NULL", "NULL")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_that_tell_a_lead_at_once_make_one_lead() -> None:
    def one(source: str) -> None:
        for step in range(5):
            tell(a_record(source=source, attributes={source: step}), at=MONDAY + timedelta(minutes=step))
        connection.close()

    threads = [threading.Thread(target=one, args=(source,)) for source in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Dossier.objects.count() == 1
    current = {row[0]: row[1] for row in LeadAttribute.objects.order_by("known_from").values_list("name", "value")}
    assert sum(value is not None for value in current.values()) == 1
