"""A lead has one outcome at a time, and every one it ever had stays on record."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from leads.models import Organisation, Outcome
from leads.outcomes import record_outcome, rederive
from leads.tests.cast import DAY, MONDAY
from leads.tests.told import a_record, everything, outcomes_known_at, tell, the_lead

pytestmark = pytest.mark.django_db


def record(converted: bool = True, **fields: Any) -> Outcome:
    told = {"occurred_at": MONDAY + DAY, "revenue": 1234.5, "by": "ann", "at": MONDAY + 2 * DAY} | fields
    return record_outcome(org_id="default", dossier=the_lead(), converted=converted, **told)


def current() -> Outcome:
    return Outcome.objects.current().get()


def test_an_outcome_is_recorded_with_its_revenue_and_by_whom() -> None:
    tell(a_record())
    record()
    assert (current().converted, current().revenue, current().recorded_by, current().origin) == (
        True,
        Decimal("1234.50"),
        "ann",
        "RECORDED",
    )


def test_the_same_again_changes_nothing_and_a_correction_is_kept_on_record() -> None:
    tell(a_record())
    record()
    before = everything()
    record(at=MONDAY + 3 * DAY)
    assert everything() == before
    record(converted=False, revenue=None, at=MONDAY + 4 * DAY)
    kept = Outcome.objects.order_by("id").values_list("converted", "superseded_at")
    assert list(kept) == [(True, MONDAY + 4 * DAY), (False, None)]
    assert [o.converted for o in outcomes_known_at(MONDAY + 3 * DAY)] == [True]
    assert [o.converted for o in outcomes_known_at(MONDAY + 5 * DAY)] == [False]


def test_a_status_makes_an_outcome_and_leaving_it_ends_it() -> None:
    tell(a_record())
    tell(a_record(status="Won"), at=MONDAY + DAY)
    assert (current().converted, current().origin, current().occurred_at) == (True, "STATUS", MONDAY + DAY)
    tell(a_record(status="CONVERTED"), at=MONDAY + 2 * DAY)
    assert current().occurred_at == MONDAY + DAY
    tell(a_record(status="CONTACTED"), at=MONDAY + 3 * DAY)
    assert not Outcome.objects.current().exists()
    assert Outcome.objects.get().superseded_at == MONDAY + 3 * DAY


def test_a_status_that_turns_round_turns_the_outcome_round() -> None:
    tell(a_record(status="LOST"))
    tell(a_record(status="WON"), at=MONDAY + DAY)
    assert current().converted
    assert [o.converted for o in outcomes_known_at(MONDAY + DAY / 2)] == [False]


def test_what_was_recorded_goes_before_what_a_status_implies() -> None:
    tell(a_record())
    record(converted=True)
    tell(a_record(status="LOST"), at=MONDAY + 3 * DAY)
    assert (current().converted, current().origin) == (True, "RECORDED")
    tell(a_record(status="NEW"), at=MONDAY + 4 * DAY)
    assert current().origin == "RECORDED"


def test_a_file_may_correct_the_time_and_the_revenue_of_an_outcome() -> None:
    told = a_record(status="WON", status_at=MONDAY + 2 * DAY, revenue=Decimal("10.00"))
    tell(told, at=MONDAY + 30 * DAY)
    before = everything()
    tell(told, at=MONDAY + 31 * DAY)
    assert everything() == before
    tell(a_record(status="WON", status_at=MONDAY + DAY, revenue=Decimal("10.00")), at=MONDAY + 32 * DAY)
    assert (current().occurred_at, current().revenue) == (MONDAY + DAY, Decimal("10.00"))
    # The wrong one counts at no moment of the past any more.
    assert [o.occurred_at for o in outcomes_known_at(MONDAY + 3 * DAY)] == [MONDAY + DAY]


def test_changed_words_settle_all_outcomes_anew() -> None:
    for number, status in enumerate(["WON", "SIGNED", "LOST", "NEW"], 1):
        tell(a_record(number, status=status))
    record_outcome(
        org_id="default", dossier=the_lead(1), converted=True, occurred_at=MONDAY, revenue=None, by="ann", at=MONDAY
    )
    Organisation.objects.create(org_id="default", won_statuses=["signed"], lost_statuses=["NEW"])
    assert rederive("default") == 3
    outcomes = {o.dossier.number: (o.converted, o.origin) for o in Outcome.objects.current().select_related("dossier")}
    assert outcomes == {1: (True, "RECORDED"), 2: (True, "STATUS"), 4: (False, "STATUS")}
    assert not outcomes_known_at(MONDAY + DAY).filter(dossier=the_lead(3)).exists()
    assert rederive("default") == 0


def test_an_outcome_recorded_in_historical_records_is_known_at_their_present() -> None:
    tell(a_record())
    Organisation.objects.create(org_id="default", observed_until=MONDAY + 5 * DAY)
    record(at=MONDAY + 900 * DAY)
    assert outcomes_known_at(Organisation.get("default").now()).exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_recorded_at_once_one_is_current() -> None:
    tell(a_record())

    def one(revenue: int) -> None:
        record(revenue=revenue)
        connection.close()

    threads = [threading.Thread(target=one, args=(revenue,)) for revenue in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Outcome.objects.count() == 8
    assert Outcome.objects.current().count() == 1
