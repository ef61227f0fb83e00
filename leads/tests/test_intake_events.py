"""What happens to leads: each event once, where it belongs, as it was known."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Appointment, Event, LeadStatusChange, Message, Organisation, Outcome
from leads.records import EventRecord
from leads.tests.cast import DAY, HOUR, MONDAY
from leads.tests.told import a_record, everything, happen, tell, the_lead

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_lead() -> None:
    tell(a_record())


def test_messages_appointments_and_other_events_have_their_own_tables() -> None:
    happen(
        EventRecord(42, "message", MONDAY, "INBOUND", "m1", properties={"subject": "hello"}),
        EventRecord(42, "appointment", MONDAY, external_id="a1", scheduled_for=MONDAY + DAY),
        EventRecord(42, "page_view", MONDAY, external_id="p1", is_outcome_echo=True),
    )
    message, appointment, event = Message.objects.get(), Appointment.objects.get(), Event.objects.get()
    assert (message.direction, message.properties, message.recorded_at) == ("INBOUND", {"subject": "hello"}, MONDAY)
    assert appointment.scheduled_for == MONDAY + DAY
    assert (event.kind, event.is_outcome_echo) == ("page_view", True)


def test_what_became_known_later_says_so() -> None:
    happen(EventRecord(42, "message", MONDAY, recorded_at=MONDAY + DAY))
    assert Message.objects.get().recorded_at == MONDAY + DAY


def test_the_same_external_id_counts_once_whatever_it_is_called() -> None:
    first = happen(*[EventRecord(42, "message", MONDAY, external_id="x")] * 2)
    again = happen(
        EventRecord(42, "appointment", MONDAY, external_id="x"), EventRecord(42, "call", MONDAY, external_id="y")
    )
    assert (first.added, first.known, again.added, again.known) == (1, 1, 1, 1)
    assert (Message.objects.count(), Appointment.objects.count(), Event.objects.count()) == (1, 0, 1)


def test_an_external_id_of_another_lead_is_another_event() -> None:
    tell(a_record(43))
    assert happen(*[EventRecord(number, "call", MONDAY, external_id="x") for number in (42, 43)]).added == 2


def test_events_without_an_external_id_all_count() -> None:
    assert happen(*[EventRecord(42, "call", MONDAY)] * 3).added == 3


def test_events_of_unknown_leads_are_reported_and_the_others_kept() -> None:
    done = happen(EventRecord(7, "call", MONDAY), EventRecord(42, "call", MONDAY), EventRecord(8, "call", MONDAY))
    assert (done.added, done.unknown) == (1, (0, 2))
    assert happen(EventRecord(42, "call", MONDAY), org_id="other").unknown == (0,)


def test_an_event_may_be_a_step_of_the_status_and_decide_the_lead() -> None:
    won = EventRecord(42, "ACTIVATED", MONDAY + DAY, external_id="w", is_outcome_echo=True, status="WON")
    happen(won)
    outcome = Outcome.objects.current().get()
    assert the_lead().status == "WON"
    assert (outcome.converted, outcome.occurred_at, outcome.is_exact) == (True, MONDAY + DAY, True)
    before = everything()
    assert happen(won).known == 1
    assert everything() == before


def test_what_a_step_decides_is_known_from_when_the_step_was_recorded() -> None:
    happen(EventRecord(42, "signed", MONDAY + DAY, recorded_at=MONDAY + 3 * DAY, status="WON"))
    won = Outcome.objects.get()
    assert (won.occurred_at, won.recorded_at) == (MONDAY + DAY, MONDAY + 3 * DAY)
    happen(EventRecord(42, "withdrawn", MONDAY + 4 * DAY, recorded_at=MONDAY + 6 * DAY, status="LOST"))
    won.refresh_from_db()
    lost = Outcome.objects.current().get()
    assert (won.superseded_at, lost.occurred_at, lost.recorded_at) == (
        MONDAY + 6 * DAY,
        MONDAY + 4 * DAY,
        MONDAY + 6 * DAY,
    )


def test_an_older_step_does_not_undo_a_later_one() -> None:
    happen(EventRecord(42, "won", MONDAY + 2 * DAY, external_id="w", status="WON"))
    happen(EventRecord(42, "lost", MONDAY + DAY, external_id="l", status="LOST"))
    assert the_lead().status == "WON"
    assert Outcome.objects.current().get().converted


def test_steps_come_in_the_order_of_their_times() -> None:
    happen(
        EventRecord(42, "won", MONDAY + 2 * DAY, status="WON"), EventRecord(42, "seen", MONDAY + HOUR, status="SEEN")
    )
    steps = LeadStatusChange.objects.order_by("changed_at").values_list("from_status", "to_status")
    assert list(steps) == [("", "NEW"), ("NEW", "SEEN"), ("SEEN", "WON")]


def test_historical_records_move_on_with_the_latest_event() -> None:
    Organisation.objects.create(org_id="default", observed_until=MONDAY)
    happen(EventRecord(42, "call", MONDAY + HOUR))
    assert Organisation.get("default").observed_until == MONDAY + HOUR


def test_the_statements_do_not_grow_with_the_events() -> None:
    def statements(count: int) -> int:
        kinds = ("message", "appointment", "call")
        with CaptureQueriesContext(connection) as queries:
            happen(*[EventRecord(42, kinds[n % 3], MONDAY, external_id=f"{count}-{n}") for n in range(count)])
        return len(queries)

    happen(EventRecord(42, "call", MONDAY, external_id="first"))
    assert statements(3) == statements(300) <= 11
