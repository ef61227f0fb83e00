"""What was read of leads at a moment is read of that moment later, whatever has been told since."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest

from leads import snapshots
from leads.catalogue import columns_of, discover
from leads.intake import add_events, put_leads
from leads.models import Dossier, Organisation
from leads.outcomes import record_outcome
from leads.records import EventRecord, LeadRecord, PropertyRecord
from leads.tests.cast import DAY, HOUR, MONDAY
from leads.tests.told import a_record, tell, the_lead

pytestmark = pytest.mark.django_db
AT_ONCE, MICROSECOND = timedelta(0), timedelta(microseconds=1)
AUTUMN = MONDAY + 140 * DAY
"""A week before the clocks of Paris are put back."""
ORGANISATIONS = ("default", "other")
WORDS = ("web", "", None, "NULL", """a 'fair' of "last" year, {in} \\ Élan""")
VALUES = (None, 5, 5.0, "5", "", "five", True, 0, 1e200, "2026-06-01", "2026-06-01T00:00:00+02:00")
OF_OTHERS = ("market_activity_score",)
"""Leads count for others' markets under the region and city that they have today (ADR 2)."""


@dataclass
class Crm:
    """Two organisations whose leads have the same numbers and are told of by chance. A lead's source stays."""

    chance: Random
    now: datetime = AUTUMN
    made: dict[tuple[str, int], tuple[datetime, str | None]] = field(default_factory=dict)

    def do(self) -> None:
        """Lets some time pass, perhaps none, and tells something."""
        chance, org_id = self.chance, self.chance.choice(ORGANISATIONS)
        self.now += chance.choice([AT_ONCE, MICROSECOND, HOUR, 7 * HOUR, DAY])
        numbers = sorted(number for whose, number in self.made if whose == org_id)
        act = chance.choice([self._leads, self._leads, self._events, self._outcome]) if numbers else self._leads
        act(org_id, numbers)

    def _leads(self, org_id: str, _: list[int]) -> None:
        leads = [self._lead(org_id, number) for number in self.chance.sample(range(1, 6), 2)]
        put_leads(org_id=org_id, leads=leads, at=self.now, by="crm", is_file=self.chance.random() < 0.3)

    def _lead(self, org_id: str, number: int) -> LeadRecord:
        pick = self.chance.choice
        came = self.now - pick([AT_ONCE, MICROSECOND, HOUR, 3 * DAY])
        created, source = self.made.setdefault((org_id, number), (came, pick(WORDS)))
        house = PropertyRecord(pick([None, 0.0, 5.0]), pick([None, True, False]), pick([None, "Lyon", "Paris"]))
        return LeadRecord(
            number,
            pick(["NEW", "CONTACTED", "WON", "LOST", None]),
            created,
            source=source,
            region=pick(WORDS),
            amount=pick([None, 0.1, 3.0]),
            source_score=pick([None, 50.0]),
            property=pick([None, house, house]),
            attributes={name: pick(VALUES) for name in self.chance.sample(["a", "b", "c d"], 2)},
        )

    def _events(self, org_id: str, numbers: list[int]) -> None:
        add_events(org_id=org_id, events=[self._event(self.chance.choice(numbers)) for _ in range(4)], at=self.now)

    def _event(self, number: int) -> EventRecord:
        pick = self.chance.choice
        ago = pick([AT_ONCE, MICROSECOND, 7 * DAY - MICROSECOND, 7 * DAY])
        return EventRecord(
            number,
            pick(["message", "appointment", "view"]),
            self.now - ago,
            direction=pick([None, "INBOUND", "OUTBOUND"]),
            external_id=pick([None, "a", "b"]),
            recorded_at=self.now + pick([AT_ONCE, DAY]),
            is_outcome_echo=self.chance.random() < 0.2,
            status=pick([None, "WON", "CONTACTED"]),
        )

    def _outcome(self, org_id: str, numbers: list[int]) -> None:
        record_outcome(
            org_id=org_id,
            dossier=Dossier.objects.get(org_id=org_id, number=self.chance.choice(numbers)),
            converted=self.chance.random() < 0.5,
            occurred_at=self.now - self.chance.choice([AT_ONCE, DAY]),
            revenue=None,
            by="crm",
            at=self.now,
        )


def read(org_id: str, dossiers: list[int], moment: datetime) -> dict[str, Any]:
    """The features of these leads at a moment, by name; of events and attributes only those that one of them has."""
    found = snapshots.take(Organisation.get(org_id), dossiers, [moment] * len(dossiers))
    columns = columns_of(found, discover(found))
    return {name: column for name, column in columns.items() if name not in OF_OTHERS}


@pytest.mark.parametrize("seed", range(4))
def test_what_was_read_at_a_moment_is_read_of_it_later(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for org_id in ORGANISATIONS:
        Organisation.objects.create(org_id=org_id, time_zone="Europe/Paris")
    crm, was = Crm(Random(seed)), {}
    for _ in range(30):
        crm.do()
        for org_id in ORGANISATIONS:
            if dossiers := list(Dossier.objects.of(org_id).order_by("pk").values_list("pk", flat=True)):
                was[org_id, crm.now] = dossiers, read(org_id, dossiers, crm.now)
    for least in (500, 1):  # one by one, and as arrays
        monkeypatch.setattr(snapshots, "MANY", least)
        for (org_id, moment), (dossiers, then) in was.items():
            now = read(org_id, dossiers, moment)
            assert now.keys() == then.keys()
            for name, column in then.items():
                np.testing.assert_array_equal(now[name], column, err_msg=f"{name} of {org_id} at {moment}")


def read_of(moment: datetime) -> dict[str, Any]:
    """The same of the lead that tests tell of."""
    return {name: column[0] for name, column in read("default", [the_lead().pk], moment).items()}


def test_what_a_property_brings_as_it_comes_back_was_not_known_before_it_went() -> None:
    tell(a_record(property=PropertyRecord(city="Lyon")))
    tell(a_record(), at=MONDAY + DAY)
    tell(a_record(property=PropertyRecord(price=5.0, has_photos=True, city="Lyon")), at=MONDAY + 2 * DAY)
    then, now = read_of(MONDAY + HOUR), read_of(MONDAY + 3 * DAY)
    assert (then["has_property"], then["city"], now["property_price"]) == (1, "Lyon", 5)
    assert np.isnan(then["property_price"])
    assert np.isnan(then["property_has_photos"])


HOUSE = PropertyRecord(price=5.0, city="Lyon")


def test_what_held_from_the_creation_on_holds_from_one_that_is_corrected_to_an_earlier_time() -> None:
    tell(a_record(property=HOUSE, attributes={"a": 1, "b": 1}))
    tell(a_record(property=HOUSE, attributes={"a": 1, "b": 2}), at=MONDAY + HOUR)
    earlier = MONDAY - 9 * HOUR  # another time zone
    tell(a_record(created_at=earlier, property=HOUSE, attributes={"a": 3, "b": 2}), at=MONDAY + DAY)
    first, later, now = read_of(earlier), read_of(MONDAY + HOUR), read_of(MONDAY + DAY)
    assert (first["has_property"], first["attributes.a"], first["attributes.b"]) == (1, 1, 1)
    assert (later["attributes.a"], later["attributes.b"]) == (1, 2)
    assert (now["attributes.a"], now["attributes.b"]) == (3, 2)


def test_a_lead_that_was_dated_into_the_future_is_read_as_told_once_that_is_corrected() -> None:
    future = MONDAY + 60 * DAY
    tell(a_record(created_at=future, source="a", property=HOUSE, attributes={"a": 1}))
    tell(a_record(created_at=future, source="b", property=HOUSE, attributes={"a": 2}), at=MONDAY + HOUR)
    tell(a_record(source="b", property=HOUSE, attributes={"a": 3}), at=MONDAY + 2 * HOUR)
    now = read_of(MONDAY + 2 * HOUR)
    assert (now["source"], now["has_property"], now["attributes.a"]) == ("b", 1, 3)


def test_of_two_that_tell_a_lead_at_once_the_one_written_last_counts_last_also_where_it_began_earlier() -> None:
    tell(a_record(source="a"))
    tell(a_record(source="b"), at=MONDAY + 2 * HOUR)
    tell(a_record(source="c"), at=MONDAY + HOUR)
    assert [read_of(MONDAY + hours * HOUR)["source"] for hours in (0, 1, 2)] == ["a", "a", "c"]
