"""A lead as it was known at a moment: what had happened counts, what came later does not exist."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import snapshots
from leads.catalogue import columns_of, discover
from leads.models import Dossier, LeadChange, Organisation
from leads.tests.cast import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    a_lead,
    a_message,
    a_property,
    an_appointment,
    an_attribute,
    an_event,
    an_outcome,
)

pytestmark = pytest.mark.django_db


def seen(lead: Dossier, at: datetime) -> dict[str, Any]:
    """Every feature of a lead as of a moment; missing is None."""
    read = snapshots.take(Organisation.get(lead.org_id), [lead.pk], [at])
    columns = columns_of(read, discover(read))
    return {name: None if column[0] != column[0] else column[0] for name, column in columns.items()}


def test_the_eleven_features_of_a_lead() -> None:
    lead = a_lead(region="Rhône", source_score=40)
    a_property(lead)
    for days, way in ((1, "INBOUND"), (2, "OUTBOUND"), (3, "INBOUND"), (4, "OUTBOUND"), (5, "INBOUND")):
        a_message(lead, MONDAY + days * DAY, way)
    an_appointment(lead, MONDAY + 6 * DAY)
    found = seen(lead, MONDAY + 9 * DAY)
    assert found["lead_source_score"] == 40
    assert found["response_time_minutes"] == 1440
    assert (found["inbound_messages_count"], found["outbound_messages_count"], found["appointments_count"]) == (3, 2, 1)
    assert (found["has_property"], found["property_price"], found["property_has_photos"]) == (1, 250_000, 1)
    assert found["engagement_rate"] == 1.5
    assert found["days_since_creation"] == 9
    assert found["market_activity_score"] == 50


def test_nothing_after_the_moment_moves_any_feature() -> None:
    lead, other = a_lead(source="web", region="Rhône"), a_lead(source="web", region="Isère")
    a_message(lead, MONDAY + HOUR)
    an_attribute(lead, "budget", 300_000)
    an_event(lead, MONDAY + HOUR)
    at = MONDAY + 3 * DAY
    before = seen(lead, at)
    later = at + MINUTE
    a_message(lead, later, "OUTBOUND")
    an_appointment(lead, later)
    an_event(lead, later)
    an_event(lead, later, kind="brochure")
    a_property(lead, known_from=later)
    an_attribute(lead, "budget", 100_000, known_from=later)
    an_attribute(lead, "loan", "agreed", known_from=later)
    an_outcome(other, True, later)
    a_lead(later, source="web", region="Isère")
    a_property(other, known_from=later, city="Lyon")
    after = seen(lead, at)
    assert {name: after[name] for name in before} == before


def test_what_had_occurred_and_was_not_yet_recorded_does_not_count() -> None:
    lead = a_lead()
    a_message(lead, MONDAY + HOUR, recorded_at=MONDAY + 5 * DAY)
    assert seen(lead, MONDAY + 2 * DAY)["inbound_messages_count"] == 0
    assert seen(lead, MONDAY + 6 * DAY)["inbound_messages_count"] == 1


def test_what_was_known_then_can_be_read_later() -> None:
    lead = a_lead(region="Ain")
    a_message(lead, MONDAY + HOUR)
    an_attribute(lead, "budget", 100)
    then, later = MONDAY + 2 * DAY, MONDAY + 9 * DAY
    a_message(lead, then + HOUR)
    a_message(lead, MONDAY + HOUR, recorded_at=then + HOUR)
    an_attribute(lead, "budget", 200, then + HOUR)
    a_property(lead, known_from=then + HOUR)
    LeadChange.objects.create(dossier=lead, field="region", old_value="Isère", changed_at=then + HOUR)
    read = snapshots.take(Organisation.get("default"), [lead.pk] * 2, [then, later], known_by=[then, then])
    columns = columns_of(read, discover(read))
    for name in ("inbound_messages_count", "attributes.budget", "has_property", "region", "market_activity_score"):
        assert columns[name][0] == columns[name][1]
    assert columns["region"][1] == "Isère"
    assert columns["days_since_creation"].tolist() == [2, 9]
    assert columns["inbound_messages_last_7_days"].tolist() == [1, 0]


def test_a_replaced_value_is_read_as_it_was() -> None:
    lead = a_lead(source="portal", region="Isère")
    a_property(lead, price=300_000)
    changed = MONDAY + 4 * DAY
    LeadChange.objects.create(dossier=lead, field="source", old_value="web", changed_at=changed)
    LeadChange.objects.create(dossier=lead, field="property.price", old_value=200_000, changed_at=changed)
    then, now = seen(lead, MONDAY + DAY), seen(lead, MONDAY + 5 * DAY)
    assert (then["source"], then["property_price"]) == ("web", 200_000)
    assert (now["source"], now["property_price"]) == ("portal", 300_000)


def test_response_time_runs_from_creation_where_no_message_came_before_the_answer() -> None:
    lead = a_lead()
    assert seen(lead, MONDAY + DAY)["response_time_minutes"] is None
    a_message(lead, MONDAY + 30 * MINUTE, "OUTBOUND")
    a_message(lead, MONDAY + 60 * MINUTE, "INBOUND")
    assert seen(lead, MONDAY + DAY)["response_time_minutes"] == 30


def test_an_outcomes_echo_is_seen_by_no_feature() -> None:
    lead = a_lead()
    before = seen(lead, MONDAY + 2 * DAY)
    an_event(lead, MONDAY + DAY, kind="A_APPROVED", is_outcome_echo=True)
    assert seen(lead, MONDAY + 2 * DAY) == before


@pytest.mark.parametrize("availability", ["contact", "outcome"])
def test_an_attribute_known_only_after_contact_or_outcome_is_seen_by_no_feature(availability: str) -> None:
    lead = a_lead()
    an_attribute(lead, "duration", 261, availability=availability)
    assert "attributes.duration" not in seen(lead, MONDAY + DAY)


def test_attributes_become_features_of_their_kind() -> None:
    lead = a_lead()
    for name, value in {"budget": 3, "first_time_buyer": True, "wanted_from": "2026-05-30", "loan": "agreed"}.items():
        an_attribute(lead, name, value)
    found = seen(lead, MONDAY)
    assert found["attributes.budget"] == 3
    assert found["attributes.first_time_buyer"] == 1
    assert found["attributes.wanted_from"] == pytest.approx(2 + 9 / 24)
    assert found["attributes.loan"] == "agreed"


def test_a_source_is_as_good_as_what_was_decided_before() -> None:
    good, bad, new = (a_lead(source=source) for source in ("referral", "ads", "referral"))
    for lead, converted in ((good, True), (bad, False)):
        an_outcome(lead, converted, MONDAY + DAY)
    assert seen(new, MONDAY)["lead_source_score"] is None
    found = seen(new, MONDAY + 2 * DAY)["lead_source_score"]
    assert found == pytest.approx(100 * (1 + 20 * 0.5) / (1 + 20))
    assert seen(bad, MONDAY + 2 * DAY)["lead_source_score"] < found


def test_a_corrected_outcome_counts_as_it_was_known() -> None:
    lead, new = a_lead(source="ads"), a_lead(source="ads")
    corrected = MONDAY + 5 * DAY
    an_outcome(lead, True, MONDAY + DAY, superseded_at=corrected)
    an_outcome(lead, False, MONDAY + DAY, recorded_at=corrected)
    assert seen(new, MONDAY + 2 * DAY)["lead_source_score"] == pytest.approx(100)
    assert seen(new, MONDAY + 6 * DAY)["lead_source_score"] == pytest.approx(0)


def test_how_leads_fare_lately_is_what_was_decided_before_the_day() -> None:
    lead, now = a_lead(MONDAY), MONDAY + 40 * DAY
    for days_ago, converted in ((35, False), (20, True), (10, True), (3, False), (0, True)):
        an_outcome(a_lead(MONDAY), converted, now - days_ago * DAY)
    found, average = seen(lead, now), 2 / 4
    assert found["conversion_rate_last_7_days"] == pytest.approx((0 + 20 * average) / (1 + 20))
    assert found["conversion_rate_last_30_days"] == pytest.approx((2 + 20 * average) / (3 + 20))
    an_outcome(lead, True, now)  # its own is decided on the day itself
    assert seen(lead, now) == found
    assert seen(lead, MONDAY)["conversion_rate_last_30_days"] is None


def test_how_other_leads_fare_passes_with_time_and_is_nothing_that_was_told_of_this_one() -> None:
    org, lead, later = Organisation.get("default"), a_lead(MONDAY), MONDAY + 9 * DAY
    an_outcome(a_lead(MONDAY), False, MONDAY + DAY)
    an_outcome(a_lead(MONDAY), True, MONDAY + 5 * DAY)
    then = snapshots.take(org, [lead.pk], [later], known_by=[MONDAY + 2 * DAY])
    now = snapshots.take(org, [lead.pk], [later])
    assert then.rate_7_days[0] == now.rate_7_days[0] == pytest.approx((1 + 20 * 0.5) / (1 + 20))
    assert then.rate_30_days[0] == now.rate_30_days[0]


def test_a_busy_market_stands_above_a_quiet_one_and_leads_of_long_ago_do_not_count() -> None:
    quiet = a_lead(MONDAY, region="Ain")
    busy = [a_lead(MONDAY, region="Rhône") for _ in range(3)]
    for _ in range(9):
        a_lead(MONDAY - 31 * DAY, region="Ain")
    assert seen(quiet, MONDAY + DAY)["market_activity_score"] == 0
    assert seen(busy[0], MONDAY + DAY)["market_activity_score"] == 100


def test_other_leads_count_from_the_day_after() -> None:
    quiet = a_lead(MONDAY, region="Ain")
    a_lead(MONDAY, region="Rhône")
    before = seen(quiet, MONDAY + HOUR)
    an_outcome(a_lead(MONDAY, region="Rhône"), True, MONDAY + MINUTE)
    assert seen(quiet, MONDAY + 2 * HOUR)["market_activity_score"] == before["market_activity_score"] == 50
    assert seen(quiet, MONDAY + 2 * HOUR)["lead_source_score"] is None
    assert seen(quiet, MONDAY + DAY)["market_activity_score"] == 0


def test_another_organisations_lead_cannot_be_read() -> None:
    theirs = a_lead(org_id="other")
    with pytest.raises(KeyError):
        snapshots.take(Organisation.get("default"), [theirs.pk], [MONDAY])


def test_no_leads_are_read_as_none() -> None:
    assert len(snapshots.take(Organisation(), [], [])) == 0


@pytest.mark.parametrize("size", [1, 100])
def test_the_number_of_statements_does_not_grow_with_the_leads(size: int) -> None:
    leads = [a_lead() for _ in range(size)]
    snapshots.take(Organisation(), [leads[0].pk], [MONDAY + DAY])
    snapshots.take(Organisation(), [leads[0].pk], [MONDAY + DAY])  # the standings of the day are known from here on
    with CaptureQueriesContext(connection) as queries:
        snapshots.take(Organisation(), [lead.pk for lead in leads], [MONDAY + DAY] * size)
    assert len(queries) == snapshots.STATEMENTS
