"""A CRM that writes its own table is followed: what it says of a lead there counts as if it had been told."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from common.one_by_one import SomeFailed
from leads import labelled, untold
from leads.intake import add_events
from leads.models import Dossier, LeadStatusChange, Organisation, Outcome
from leads.records import EventRecord
from leads.tasks import follow_untold_statuses
from leads.tests.cast import DAY, HOUR, MONDAY, a_lead
from leads.tests.told import a_record, everything, tell, the_lead

pytestmark = pytest.mark.django_db


def write(status: str, number: int = 42) -> None:
    """What the CRM does in its own table."""
    Dossier.objects.filter(number=number).update(status=status)


def outcomes() -> dict[int, tuple[bool, bool]]:
    found = Outcome.objects.current().select_related("dossier")
    return {outcome.dossier.number: (outcome.converted, outcome.is_exact) for outcome in found}


def steps() -> list[tuple[str, str, bool]]:
    return list(LeadStatusChange.objects.order_by("id").values_list("from_status", "to_status", "is_exact"))


def test_leads_that_were_there_before_are_decided_nobody_knows_when() -> None:
    for number, status in enumerate(["WON", "LOST", "NEW"], 1):
        a_lead(MONDAY, number=number, status=status)
    assert untold.follow_all(at=MONDAY + 300 * DAY) == 3
    assert outcomes() == {1: (True, False), 2: (False, False)}
    until, org = MONDAY + 301 * DAY, Organisation.get("default")
    lives = _histories(org, until)
    assert [life.label_at(MONDAY, horizon=org.horizon, until=until) for life in lives] == [True, False, False]
    # Nor how long those still open would have been open had they been decided: of none is anything known in between.
    assert {life.label_at(MONDAY + DAY, horizon=org.horizon, until=until) for life in lives} == {None}


def _histories(org: Organisation, until: Any) -> list[labelled.History]:
    return labelled.histories(org, since=MONDAY - DAY, until=until)


def test_what_the_crm_changes_is_a_step_of_the_moment_at_which_it_is_seen() -> None:
    tell(a_record(), at=MONDAY)
    write("WON")
    untold.follow(org_id="default", at=MONDAY + 9 * DAY)
    assert (outcomes(), steps()[1:]) == ({42: (True, True)}, [("NEW", "WON", True)])
    assert Outcome.objects.current().get().occurred_at == MONDAY + 9 * DAY
    write("NEW")
    untold.follow(org_id="default", at=MONDAY + 10 * DAY)
    assert outcomes() == {}
    assert Outcome.objects.get().superseded_at == MONDAY + 10 * DAY


def test_what_the_crm_changes_notes_the_lead_as_updated_and_the_first_look_does_not() -> None:
    a_lead(MONDAY, number=42)
    Dossier.objects.update(updated_at=MONDAY)
    untold.follow(org_id="default", at=MONDAY + DAY)
    assert the_lead().updated_at == MONDAY
    write("VISIT")
    untold.follow(org_id="default", at=MONDAY + 2 * DAY)
    updated_at = the_lead().updated_at
    assert updated_at > MONDAY
    untold.follow(org_id="default", at=MONDAY + 3 * DAY)
    tell(a_record(status="VISIT"), at=MONDAY + 3 * DAY)
    assert the_lead().updated_at == updated_at


def test_a_lead_seen_within_the_day_of_its_coming_was_so_when_it_came() -> None:
    a_lead(MONDAY, number=42, status="LOST")
    untold.follow(org_id="default", at=MONDAY + HOUR)
    assert (outcomes(), steps()) == ({42: (False, True)}, [("", "LOST", True)])


def test_what_is_told_is_not_noted_twice_and_looking_again_changes_nothing() -> None:
    tell(a_record(1), a_record(2, status="WON"))
    tell(a_record(1, status="LOST"), at=MONDAY + DAY)
    before = everything()
    assert untold.follow_all(at=MONDAY + 2 * DAY) == 0
    assert everything() == before


def test_what_a_release_before_has_written_is_seen_as_it_was_told() -> None:
    tell(a_record(1), a_record(2, status="WON"))
    before = everything()
    Dossier.objects.update(noted_status=None)
    assert untold.follow_all(at=MONDAY + 300 * DAY) == 2
    assert everything() == before


def test_of_a_status_told_again_that_the_crm_has_written_itself_the_outcome_is_made() -> None:
    a_lead(MONDAY, number=42, status="WON")
    tell(a_record(status="WON"), at=MONDAY + 300 * DAY)
    assert (outcomes(), steps()) == ({42: (True, False)}, [("", "WON", False)])


def test_an_earlier_event_that_is_told_before_anybody_has_looked_does_not_undo_what_the_crm_has_written() -> None:
    tell(a_record())
    write("WON")
    event = EventRecord(42, "visited", MONDAY + DAY, external_id="v1", status="VISIT")
    add_events(org_id="default", events=[event], at=MONDAY + 2 * DAY)
    assert (the_lead().status, outcomes(), steps()[1:]) == ("WON", {42: (True, True)}, [("NEW", "WON", True)])
    later = EventRecord(42, "reopened", MONDAY + 3 * DAY, external_id="r1", status="VISIT")
    add_events(org_id="default", events=[later], at=MONDAY + 3 * DAY)
    assert (the_lead().status, outcomes(), steps()[2:]) == ("VISIT", {}, [("WON", "VISIT", True)])


def test_what_was_recorded_stands() -> None:
    tell(a_record())
    Outcome.objects.create(dossier=the_lead(), converted=True, occurred_at=MONDAY)
    write("LOST")
    untold.follow(org_id="default", at=MONDAY + DAY)
    assert outcomes() == {42: (True, True)}


def test_each_organisation_is_followed_by_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untold, "AT_ONCE", 2)
    Organisation.objects.create(org_id="other", won_statuses=["NEW"], lost_statuses=[])
    for number in range(1, 6):
        a_lead(MONDAY, number=number, org_id="other")
        a_lead(MONDAY, number=10 + number)
    assert follow_untold_statuses() == 10
    assert set(outcomes()) == {1, 2, 3, 4, 5}


def test_who_waits_does_not_wait_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untold, "AT_ONCE", 2)
    for number in range(1, 6):
        a_lead(MONDAY, number=number)
    assert untold.follow(org_id="default", at=MONDAY, most=3) == 4
    assert untold.follow(org_id="default", at=MONDAY) == 1


def test_those_to_follow_are_found_by_an_index_that_holds_nothing_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef('dossier_untold'::regclass)")
        (definition,) = cursor.fetchone()
        # A table that has this index alone: which one is chosen of several depends on what other tests left behind.
        cursor.execute("CREATE TEMPORARY TABLE dossier (LIKE dossier) ON COMMIT DROP")
        cursor.execute(definition.replace("public.dossier", "pg_temp.dossier"))
        cursor.execute("SET LOCAL enable_seqscan = off")
        for question, parameters in ((untold.ORGANISATIONS, []), (untold.SOME, ["default", 10])):
            cursor.execute(f"EXPLAIN {question}", parameters)
            assert "dossier_untold" in "".join(row[0] for row in cursor.fetchall())


def test_an_organisation_that_cannot_be_followed_leaves_the_others_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    for org_id in ("a", "b", "c"):
        a_lead(MONDAY, org_id=org_id, status="WON")
    note = untold.note

    def note_but_of_b(organisation: Organisation, *args: Any, **how: Any) -> None:
        if organisation.org_id == "b":
            raise ValueError("amiss")
        note(organisation, *args, **how)

    monkeypatch.setattr(untold, "note", note_but_of_b)
    with pytest.raises(SomeFailed, match="b"):
        follow_untold_statuses()
    assert set(Outcome.objects.values_list("org_id", flat=True)) == {"a", "c"}
