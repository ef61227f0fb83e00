"""Imports take what is good, report what is not, and change nothing when they are run again."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from common.audit import AuditEntry
from leads import untold
from leads.importing import run
from leads.importing.files import FileProblem
from leads.importing.mapping import MappingProblem
from leads.labelled import training_rows
from leads.models import Appointment, Dossier, Event, LeadAttribute, Message, Organisation, Outcome, Property
from leads.records import MAX_ATTRIBUTES
from leads.tests.told import a_record, bring_in, everything, outcomes_known_at, tell, the_lead, utc, write

pytestmark = pytest.mark.django_db
LEADS = """
[leads]
id = "id"
created_at = "at"
amount = "amount"
status = { column = "status", won = "won", lost = "lost" }
[leads.attributes]
"*" = "creation"
"""
EVENTS = """
[events]
case = "id"
occurred_at = "at"
kind = "what"
"""
HEADER = "id,at,amount,status,age"
GOOD = ["1,2026-06-01T09:00:00Z,10.5,open,30", "2,2026-06-02T09:00:00Z,,won,40", "3,2026-06-03T09:00:00Z,7,lost,"]


def test_good_rows_go_in_and_bad_ones_are_reported_with_line_and_reason(tmp_path: Path) -> None:
    bad = [
        "x,2026-06-01T09:00:00Z,1,open,1",
        "0,2026-06-01T09:00:00Z,1,open,1",
        ",2026-06-01T09:00:00Z,1,open,1",
        "99999999999999999999,2026-06-01T09:00:00Z,1,open,1",
        "5,yesterday,1,open,1",
        "6,1066-10-14T09:00:00Z,1,open,1",
        "7,2026-06-01T09:00:00Z,much,open,1",
        "8,2026-06-01T09:00:00Z,-1,open,1",
        "9,2026-06-01T09:00:00Z,nan,open,1",
        "10,2026-06-01T09:00:00Z,1,,1",
        "11,2026-06-01T09:00:00Z,1,open",
        "1,2026-06-01T09:00:00Z,1,open,1",
        f"12,2026-06-01T09:00:00Z,1,{'x' * 201},1",
        "13,,1,open,1",
        "14,2026-06-01T09:00:00Z,1e400,open,1",
    ]
    summary, rejects = bring_in(LEADS, leads=[write(tmp_path, "l.csv", HEADER, *GOOD, *bad)])
    assert Dossier.objects.count() == 3
    counts = summary.files[0]
    assert (counts.rows, counts.created, counts.rejected) == (18, 3, 15)
    reasons = dict(reject.split(": ", 1) for reject in rejects)
    assert reasons["5"] == "id: 'x' is not a lead's number (a positive whole number)"
    assert reasons["9"] == "at: 'yesterday' is not a time of the form 2026-03-31T14:30:00Z"
    assert reasons["10"] == "at: '1066-10-14T09:00:00Z' does not lie between the years 1900 and 2200"
    assert reasons["11"] == "amount: 'much' is not a number"
    assert reasons["12"] == "amount: '-1' does not lie between 0 and 1e+15"
    assert reasons["14"] == "status: the status is missing"
    assert reasons["15"] == "4 cells where the header has 5"
    assert reasons["16"] == "lead 1 stands already in line 2"
    assert reasons["18"] == "at: the time is missing"
    assert set(reasons) == {str(line) for line in range(5, 20)}


def test_running_the_same_import_again_changes_nothing(tmp_path: Path) -> None:
    leads = write(tmp_path, "l.csv", HEADER, *GOOD)
    events = write(tmp_path, "e.csv", "id,at,what", "1,2026-06-01T10:00:00Z,call", "1,2026-06-01T10:00:00Z,visit")
    bring_in(LEADS + EVENTS, leads=[leads], events=[events])
    before = everything()
    summary, _ = bring_in(LEADS + EVENTS, leads=[leads], events=[events])
    assert everything() == before
    assert [(counts.created, counts.changed, counts.same) for counts in summary.files] == [(0, 0, 3), (0, 0, 2)]


DECIDED_BY_EVENTS = (
    LEADS
    + EVENTS
    + """
    [[events.rules]]
    when = { what = "contacted" }
    status = "contacted"
    [[events.rules]]
    when = { what = "signed" }
    outcome = "won"
    """
)
SIGNED = ["1,2026-06-04T09:00:00Z,contacted", "1,2026-06-05T09:00:00Z,signed"]


def test_an_import_whose_events_decide_changes_nothing_the_second_time(tmp_path: Path) -> None:
    files: Any = {
        "leads": [write(tmp_path, "l.csv", HEADER, *GOOD)],
        "events": [write(tmp_path, "e.csv", "id,at,what", *SIGNED)],
    }
    bring_in(DECIDED_BY_EVENTS, **files)
    assert (the_lead(1).status, Outcome.objects.current().get(dossier=the_lead(1)).converted) == ("signed", True)
    before = everything()
    for _ in range(2):
        summary, _ = bring_in(DECIDED_BY_EVENTS, **files)
        assert everything() == before
        assert [(counts.created, counts.changed, counts.same) for counts in summary.files] == [(0, 0, 3), (0, 0, 2)]


def test_the_leads_alone_again_undo_nothing_that_events_have_told(tmp_path: Path) -> None:
    leads, events = write(tmp_path, "l.csv", HEADER, *GOOD), write(tmp_path, "e.csv", "id,at,what", *SIGNED)
    bring_in(LEADS, leads=[leads])
    bring_in(DECIDED_BY_EVENTS, events=[events])
    before = everything()
    bring_in(LEADS, leads=[leads])
    assert everything() == before


def test_an_import_broken_off_among_its_events_is_finished_by_running_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads, events = write(tmp_path, "l.csv", HEADER, *GOOD), write(tmp_path, "e.csv", "id,at,what", *SIGNED)
    monkeypatch.setattr(run, "EVENTS_AT_ONCE", 1)
    told: list[int] = []

    def pulled(**told_events: Any) -> Any:
        told.append(1)
        if len(told) == 2:
            raise KeyboardInterrupt
        return add(**told_events)

    add = run.add_events
    with monkeypatch.context() as broken:
        broken.setattr(run, "add_events", pulled)
        with pytest.raises(KeyboardInterrupt):
            bring_in(DECIDED_BY_EVENTS, leads=[leads], events=[events])
    assert the_lead(1).status == "contacted"
    bring_in(DECIDED_BY_EVENTS, leads=[leads], events=[events])
    steps = the_lead(1).status_changes.order_by("id").values_list("from_status", "to_status")
    assert list(steps) == [("", "open"), ("open", "contacted"), ("contacted", "signed")]
    assert Outcome.objects.current().get(dossier=the_lead(1)).occurred_at == utc("2026-06-05T09:00:00")


def test_a_file_that_says_something_new_of_a_lead_that_events_have_moved_counts(tmp_path: Path) -> None:
    leads, events = write(tmp_path, "l.csv", HEADER, *GOOD), write(tmp_path, "e.csv", "id,at,what", *SIGNED)
    bring_in(DECIDED_BY_EVENTS, leads=[leads], events=[events])
    for status, verdict in (("signed", [True]), ("open", []), ("lost", [False])):
        bring_in(DECIDED_BY_EVENTS, leads=[write(tmp_path, "l.csv", HEADER, GOOD[0].replace("open", status))])
        found = Outcome.objects.current().filter(dossier=the_lead(1)).values_list("converted", flat=True)
        assert (the_lead(1).status, list(found)) == (status, verdict)


def test_the_revenue_of_a_lead_that_events_have_moved_can_be_corrected_and_its_fate_cannot(tmp_path: Path) -> None:
    mapping = DECIDED_BY_EVENTS.replace("[leads.attributes]", '[leads.outcome]\nat = "closed"\n[leads.attributes]')
    mapping = mapping.replace('"closed"', '"closed"\nrevenue = "worth"')

    def leads(worth: int) -> list[Path]:
        rows = [f"1,2026-06-01T09:00:00Z,1,won,3,2026-06-05T09:00:00Z,{worth}"]
        rows += [f"2,2026-06-01T09:00:00Z,1,lost,3,2026-06-04T09:00:00Z,{worth}"]
        return [write(tmp_path, "l.csv", f"{HEADER},closed,worth", *rows)]

    signed = [SIGNED[1], "2,2026-06-05T09:00:00Z,signed"]
    bring_in(mapping, leads=leads(10), events=[write(tmp_path, "e.csv", "id,at,what", *signed)])
    before = everything()
    bring_in(mapping, leads=leads(10))
    assert everything() == before
    bring_in(mapping, leads=leads(20))
    found = Outcome.objects.current().values_list("dossier__number", "converted", "revenue")
    assert sorted(found) == [(1, True, 20), (2, True, None)]


def test_what_leads_of_before_were_told_with_is_found_in_their_history(tmp_path: Path) -> None:
    leads, events = write(tmp_path, "l.csv", HEADER, *GOOD), write(tmp_path, "e.csv", "id,at,what", *SIGNED)
    bring_in(DECIDED_BY_EVENTS, leads=[leads], events=[events])
    before = everything()
    Dossier.objects.update(told_status=None)
    with connection.cursor() as cursor:
        cursor.execute(import_module("leads.migrations.0011_told_status").FROM_HISTORY)
    assert everything() == before


def test_what_leads_of_before_were_told_with_is_kept_when_their_statuses_are_first_looked_at(tmp_path: Path) -> None:
    leads, events = write(tmp_path, "l.csv", HEADER, *GOOD), write(tmp_path, "e.csv", "id,at,what", *SIGNED)
    bring_in(DECIDED_BY_EVENTS, leads=[leads], events=[events])
    before = everything()
    Dossier.objects.update(noted_status=None)
    assert untold.follow_all(at=utc("2026-06-10T09:00:00")) == 3
    assert everything() == before
    bring_in(DECIDED_BY_EVENTS, leads=[leads])
    assert everything() == before


def test_two_steps_of_one_moment_are_taken_once(tmp_path: Path) -> None:
    rows = [f"1,2026-06-05T09:00:00Z,{what}" for what in ("contacted", "signed")]
    files: Any = {
        "leads": [write(tmp_path, "l.csv", HEADER, *GOOD)],
        "events": [write(tmp_path, "e.csv", "id,at,what", *rows)],
    }
    bring_in(DECIDED_BY_EVENTS, **files)
    before = everything()
    bring_in(DECIDED_BY_EVENTS, **files)
    assert everything() == before


def test_an_import_that_is_broken_off_is_finished_by_running_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{n},2026-06-01T09:00:00Z,{n},open,{n}" for n in range(1, 101)]
    leads = write(tmp_path, "l.csv", HEADER, *lines)
    monkeypatch.setattr(run, "LEADS_AT_ONCE", 10)
    told: list[int] = []

    def pulled(**told_leads: Any) -> Any:
        told.append(1)
        if len(told) == 5:
            raise KeyboardInterrupt
        return put(**told_leads)

    put = run.put_leads
    with monkeypatch.context() as broken:
        broken.setattr(run, "put_leads", pulled)
        with pytest.raises(KeyboardInterrupt):
            bring_in(LEADS, leads=[leads])
    assert Dossier.objects.count() == 40
    summary, rejects = bring_in(LEADS, leads=[leads])
    assert (summary.files[0].created, summary.files[0].same, rejects) == (60, 40, [])


def test_nothing_is_written_where_the_mapping_does_not_fit_the_files(tmp_path: Path) -> None:
    leads = write(tmp_path, "l.csv", HEADER, *GOOD)
    for mapping, reason in (
        (LEADS.replace('"amount"', '"amuont"'), "l.csv has no column 'amuont'; did you mean 'amount'?"),
        (EVENTS, "no table [leads], which l.csv needs"),
    ):
        with pytest.raises(MappingProblem) as problem:
            bring_in(mapping, leads=[leads])
        assert reason in str(problem.value)
    with pytest.raises(MappingProblem):
        bring_in(LEADS + EVENTS, leads=[leads], events=[write(tmp_path, "e.csv", "id,when,what", "1,x,y")])
    with pytest.raises(FileProblem):
        bring_in(LEADS + EVENTS, leads=[leads], events=[write(tmp_path, "e.csv", "")])
    assert not Dossier.objects.exists()
    assert not Organisation.objects.exists()


PAST = """
observed_until = "last_event"
[leads]
id = "id"
created_at = "at"
status = { column = "status", won = "won", lost = "lost" }
[leads.outcome]
at = "closes"
"""


def test_a_time_to_close_of_a_lead_that_is_open_is_a_plan_and_does_not_end_the_records(tmp_path: Path) -> None:
    rows = ["1,2025-06-01,won,2025-06-20", "2,2025-06-10,open,2025-12-31", "3,2025-06-11,lost,2025-06-15"]
    bring_in(PAST, leads=[write(tmp_path, "l.csv", "id,at,status,closes", *rows)])
    assert Organisation.objects.get().observed_until == utc("2025-06-20T00:00:00")
    assert list(Outcome.objects.order_by("dossier__number").values_list("dossier__number", "occurred_at")) == [
        (1, utc("2025-06-20T00:00:00")),
        (3, utc("2025-06-15T00:00:00")),
    ]


def test_a_lead_that_is_won_was_won_by_now_although_its_time_to_close_is_yet_to_come(tmp_path: Path) -> None:
    now = timezone.now()
    created, closes = (f"{now + timedelta(days=days):%Y-%m-%d}" for days in (-100, 20))
    mapping = PAST.replace('observed_until = "last_event"', "")
    bring_in(mapping, leads=[write(tmp_path, "l.csv", "id,at,status,closes", f"1,{created},won,{closes}")])
    outcome = Outcome.objects.get()
    assert (outcome.converted, outcome.is_exact, outcome.occurred_at <= timezone.now()) == (True, False, True)
    organisation = Organisation.get("default")
    rows = training_rows(organisation, since=now - timedelta(days=200), until=organisation.now())
    assert rows.converted.tolist() == [True]


def test_words_that_the_organisation_has_already_end_the_records_too(tmp_path: Path) -> None:
    Organisation.objects.create(org_id="default", won_statuses=["won"], lost_statuses=["lost"])
    rows = ["1,2025-06-01,won,2025-06-20", "2,2025-06-10,open,2025-12-31"]
    mapping = PAST.replace(', won = "won", lost = "lost"', "")
    bring_in(mapping, leads=[write(tmp_path, "l.csv", "id,at,status,closes", *rows)])
    assert Organisation.objects.get().observed_until == utc("2025-06-20T00:00:00")


def test_more_attributes_than_a_lead_may_have_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    header = ",".join([HEADER, *(f"more {n}" for n in range(MAX_ATTRIBUTES))])
    with pytest.raises(FileProblem, match="A lead has at most"):
        bring_in(LEADS, leads=[write(tmp_path, "l.csv", header)])
    assert not Organisation.objects.exists()


def test_a_dry_run_does_it_all_and_keeps_nothing(tmp_path: Path) -> None:
    before = everything()
    leads = write(tmp_path, "l.csv", HEADER, *GOOD, "x")
    events = write(tmp_path, "e.csv", "id,at,what", "1,2026-06-01,call")
    summary, rejects = bring_in(LEADS + EVENTS, leads=[leads], events=[events], dry_run=True)
    assert [counts.created for counts in summary.files] == [3, 1]
    assert len(rejects) == 1
    assert everything() == before


def test_a_row_that_the_database_refuses_stands_alone_among_the_rejects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.lead_rows.LIMITS", {})
    lines = [f"{n},2026-06-01T09:00:00Z,{'' if n == 37 else n},open,{n}" for n in range(1, 51)]
    monkeypatch.setattr("leads.importing.lead_rows.MAX_WORD", 10**6)
    lines[9] = f"10,2026-06-01T09:00:00Z,1,{'s' * 300},10"
    _, rejects = bring_in(LEADS, leads=[write(tmp_path, "l.csv", HEADER, *lines)])
    assert (Dossier.objects.count(), len(rejects)) == (49, 1)
    assert rejects[0].startswith("11: the database refuses it: value too long")


def test_columns_are_of_one_kind_each(tmp_path: Path) -> None:
    rows = [f"{n},2026-06-01T09:00:00Z,,open,{n},yes,00{n},2026-05-0{n % 9 + 1},a{n}" for n in range(1, 12)]
    bring_in(LEADS, leads=[write(tmp_path, "l.csv", f"{HEADER},garden,code,asked,word", *rows)])
    assert dict(LeadAttribute.objects.filter(dossier=the_lead(3)).values_list("name", "value")) == {
        "age": 3,
        "garden": True,
        "code": "003",
        "asked": "2026-05-04",
        "word": "a3",
    }


def test_few_odd_cells_in_a_column_of_numbers_are_mistakes_and_many_make_it_a_column_of_words(tmp_path: Path) -> None:
    def ages(odd: int) -> list[str]:
        return [f"{n},2026-06-01T09:00:00Z,,open,{'old' if n <= odd else n}" for n in range(1, 201)]

    _, rejects = bring_in(LEADS, leads=[write(tmp_path, "l.csv", HEADER, *ages(2))])
    assert rejects == ["2: age: 'old' is not a number", "3: age: 'old' is not a number"]
    _, rejects = bring_in(LEADS, leads=[write(tmp_path, "l.csv", HEADER, *ages(20))], org_id="other")
    assert rejects == []


def test_an_odd_cell_in_a_column_of_truth_values_makes_it_a_column_of_words(tmp_path: Path) -> None:
    told = [True, False, "unknown", 3]
    lines = [
        json.dumps({"dossier_id": n, "status": "NEW", "created_at": "2026-06-01", "attributes": {"first": value}})
        for n, value in enumerate(told, 1)
    ]
    _, rejects = bring_in("", leads=[write(tmp_path, "l.ndjson", *lines)])
    assert rejects == []
    known = LeadAttribute.objects.order_by("dossier__number").values_list("value", flat=True)
    assert list(known) == ["true", "false", "unknown", "3"]


def test_placeholders_mean_empty(tmp_path: Path) -> None:
    mapping = 'placeholders = ["Select", "-"]\n' + LEADS + 'age = { known = "contact", placeholders = "999" }\n'
    rows = ["1,2026-06-01T09:00:00Z,-,open,999,Select", "2,2026-06-01T09:00:00Z,5,open,30,Lyon"]
    bring_in(mapping, leads=[write(tmp_path, "l.csv", f"{HEADER},town", *rows)])
    assert the_lead(1).amount is None
    known = LeadAttribute.objects.values_list("dossier__number", "name", "value", "availability")
    assert sorted(known) == [(2, "age", 30, "contact"), (2, "town", "Lyon", "creation")]


def test_fields_of_the_lead_and_its_property_come_from_their_columns(tmp_path: Path) -> None:
    home = 'property = { price = "p", city = "c", has_photos = "f" }'
    mapping = LEADS.replace('amount = "amount"', f'owner = "who"\nsource = "from"\n{home}')
    rows = ["1,2026-06-01T09:00:00Z,open,ann,web,100,Lyon,Yes", "2,2026-06-01T09:00:00Z,open,,,,,"]
    bring_in(mapping, leads=[write(tmp_path, "l.csv", "id,at,status,who,from,p,c,f", *rows)])
    lead, home = the_lead(1), Property.objects.get()
    assert (lead.owner, lead.source, home.price, home.city, home.has_photos) == ("ann", "web", 100.0, "Lyon", True)


def test_a_lead_number_that_a_spreadsheet_has_rounded_is_no_number(tmp_path: Path) -> None:
    rounded = ("5.53398E+10", "1e3", "9007199254740993.0")
    rows = [f"{number},2026-06-01T09:00:00Z,1,open,1" for number in (*rounded, "55339837658.0", "9007199254740993")]
    _, rejects = bring_in(LEADS, leads=[write(tmp_path, "l.csv", HEADER, *rows)])
    assert len(rejects) == len(rounded)
    assert set(Dossier.objects.values_list("number", flat=True)) == {55339837658, 9007199254740993}


def test_where_a_comma_is_the_decimal_sign_a_point_is_none(tmp_path: Path) -> None:
    rows = ["1;2026-06-01T09:00:00Z;250.000;open;1", "2;2026-06-01T09:00:00Z;250000,5;open;30,5"]
    mapping = '[file]\ndecimal = ","\n' + LEADS
    _, rejects = bring_in(mapping, leads=[write(tmp_path, "l.csv", HEADER.replace(",", ";"), *rows)])
    assert rejects == ["2: amount: '250.000' is not a number"]
    assert the_lead(2).amount == 250000.5
    assert LeadAttribute.objects.get(dossier=the_lead(2)).value == 30.5


def test_times_are_read_in_their_form_and_zone(tmp_path: Path) -> None:
    for form, cell in (("%d/%m/%Y %H:%M", "01/06/2026 11:00"), ("epoch", "1780304400"), ("epoch_ms", "1780304400000")):
        mapping = 'time_zone = "Europe/Paris"\n' + LEADS.replace('"at"', f'{{ column = "at", format = "{form}" }}')
        leads = [write(tmp_path, "l.csv", HEADER, f"1,{cell},1,open,1")]
        bring_in(mapping, leads=leads, org_id=form.replace("%", "")[:9])
    assert {lead.created_at for lead in Dossier.objects.all()} == {utc("2026-06-01T09:00:00")}


def test_an_order_is_a_clock(tmp_path: Path) -> None:
    mapping = LEADS.replace('"at"', '{ order = "id", origin = 10, start = "2026-06-01T00:00:00Z", step = "1h" }')
    bring_in(mapping, leads=[write(tmp_path, "l.csv", HEADER, "10,,1,open,1", "13,,1,open,1")])
    assert the_lead(13).created_at == utc("2026-06-01T03:00:00")
    far = mapping.replace('"1h"', '"9999999999d"').replace("origin = 10", "origin = 0")
    with pytest.raises(MappingProblem, match="step"):
        bring_in(far, leads=[write(tmp_path, "l.csv", HEADER, "10,,1,open,1")])


def test_the_time_and_revenue_of_an_outcome_come_from_their_columns(tmp_path: Path) -> None:
    mapping = LEADS + '[leads.outcome]\nat = "closed"\nrevenue = "worth"\n'
    rows = [
        "1,2026-05-01,1,won,1,2026-05-09,99.999",
        "2,2026-05-01,1,lost,1,2026-05-10,",
        "3,2026-05-01,1,open,1,,",
        "4,2026-05-01,1,won,1,,5",
    ]
    bring_in(mapping, leads=[write(tmp_path, "l.csv", f"{HEADER},closed,worth", *rows)])
    found = {o.dossier.number: (o.converted, o.is_exact, o.revenue and float(o.revenue)) for o in Outcome.objects.all()}
    assert found == {1: (True, True, 100.0), 2: (False, True, None), 4: (True, False, 5.0)}
    assert Outcome.objects.get(dossier__number=1).occurred_at == utc("2026-05-09T00:00:00")


def test_events_are_what_the_first_fitting_rule_says(tmp_path: Path) -> None:
    mapping = (
        LEADS
        + EVENTS.replace('"what"', '"{what} {step}"')
        + """
        properties = ["who"]
        [[events.rules]]
        when = { what = ["mail", "call"], step = "done" }
        kind = "message"
        direction = "OUTBOUND"
        [[events.rules]]
        when = { what = "visit" }
        kind = "appointment"
        [[events.rules]]
        when = { what = "noise" }
        ignore = true
        [[events.rules]]
        when = { what = "signed" }
        kind = "{what}"
        outcome = "won"
        [[events.rules]]
        when = { what = "invoice" }
        echo = true
    """
    )
    rows = ["mail,done", "call,begun", "visit,x", "noise,x", "signed,x", "invoice,x"]
    events = write(tmp_path, "e.csv", "id,at,what,step,who", *[f"1,2026-06-05T09:00:00Z,{row},ann" for row in rows])
    summary, _ = bring_in(mapping, leads=[write(tmp_path, "l.csv", HEADER, GOOD[0])], events=[events])
    assert (Message.objects.get().direction, Message.objects.get().properties) == ("OUTBOUND", {"who": "ann"})
    assert Appointment.objects.count() == 1
    kinds = {event.kind: event.is_outcome_echo for event in Event.objects.all()}
    assert kinds == {"call begun": False, "signed": True, "invoice x": True}
    assert (the_lead(1).status, Outcome.objects.get().converted, summary.files[1].ignored) == ("signed", True, 1)


def test_events_of_unknown_leads_are_rejected(tmp_path: Path) -> None:
    rows = ["1,2026-06-01,call", "77,2026-06-01,call", "1,soon,call", "1,2026-06-01,"]
    events = write(tmp_path, "e.csv", "id,at,what", *rows)
    summary, rejects = bring_in(LEADS + EVENTS, leads=[write(tmp_path, "l.csv", HEADER, *GOOD)], events=[events])
    assert (summary.files[1].created, sorted(rejects)) == (
        1,
        [
            "3: there is no lead 77",
            "4: at: 'soon' is not a time of the form 2026-03-31T14:30:00Z",
            "5: the event's kind is missing",
        ],
    )


def test_an_event_of_the_file_has_its_own_id_where_there_is_one(tmp_path: Path) -> None:
    tell(a_record(1))
    rows = ["1,2026-06-01,call,e1", "1,2026-06-02,call,e1", "1,2026-06-02,call,"]
    events = write(tmp_path, "e.csv", "id,at,what,nr", *rows)
    summary, _ = bring_in(EVENTS + 'id = "nr"\n', events=[events])
    assert (summary.files[0].created, summary.files[0].same) == (2, 1)


def test_a_file_without_a_mapping_is_named_as_the_contract_names_fields(tmp_path: Path) -> None:
    lead = {
        "dossier_id": 5,
        "status": "NEW",
        "created_at": "2026-06-01T09:00:00Z",
        "source": "web",
        "amount": None,
        "property": {"price": 250000, "has_photos": True, "city": "Lyon"},
        "attributes": {"budget": 3, "pet": True},
    }
    event = {"dossier_id": 5, "kind": "message", "direction": "INBOUND", "occurred_at": "2026-06-01T10:00:00Z"}
    leads, events = write(tmp_path, "l.ndjson", json.dumps(lead)), write(tmp_path, "e.ndjson", json.dumps(event))
    bring_in("", leads=[leads], events=[events])
    assert (the_lead(5).source, the_lead(5).property.city) == ("web", "Lyon")
    assert Message.objects.get().direction == "INBOUND"
    assert dict(LeadAttribute.objects.values_list("name", "value")) == {"budget": 3, "pet": True}


class TestHistory:
    """Records of the past end some time, and that is the organisation's present."""

    MAPPING = 'observed_until = "last_event"\n' + LEADS + EVENTS

    def test_the_present_is_the_last_instant_in_the_files(self, tmp_path: Path) -> None:
        leads = write(tmp_path, "l.csv", HEADER, "1,2012-01-01,1,open,1", "2,2012-01-02,1,won,1")
        events = write(tmp_path, "e.csv", "id,at,what", "1,2012-03-04T05:06:07Z,call")
        bring_in(self.MAPPING, leads=[leads], events=[events])
        organisation = Organisation.get("default")
        assert organisation.now() == utc("2012-03-04T05:06:07")
        # Won some time before the end, nobody knows when; and known as of that present.
        outcome = outcomes_known_at(organisation.now()).get()
        assert (outcome.occurred_at, outcome.is_exact) == (organisation.now(), False)

    def test_a_live_organisation_stays_live(self, tmp_path: Path) -> None:
        tell(a_record(9))
        leads = write(tmp_path, "l.csv", HEADER, "1,2012-01-01,1,open,1")
        summary, _ = bring_in(self.MAPPING, leads=[leads])
        assert Organisation.get("default").observed_until is None
        assert "stays live" in summary.notes[0]

    def test_later_records_move_the_end_on_and_earlier_ones_do_not(self, tmp_path: Path) -> None:
        for year in (2012, 2014, 2013):
            leads = write(tmp_path, f"{year}.csv", HEADER, f"{year},{year}-01-01,1,open,1")
            bring_in(self.MAPPING, leads=[leads])
        assert Organisation.get("default").now() == utc("2014-01-01T00:00:00")

    def test_a_given_end_is_taken(self, tmp_path: Path) -> None:
        mapping = self.MAPPING.replace('"last_event"', "2012-06-30T00:00:00Z")
        bring_in(mapping, leads=[write(tmp_path, "l.csv", HEADER, "1,2012-01-01,1,open,1")])
        assert Organisation.get("default").now() == utc("2012-06-30T00:00:00")


def test_a_known_organisation_gains_words_and_settles_its_leads_by_them(tmp_path: Path) -> None:
    Organisation.objects.create(org_id="default", won_statuses=["SIGNED"], lost_statuses=["GONE"])
    tell(a_record(9, status="won"))
    bring_in(LEADS, leads=[write(tmp_path, "l.csv", HEADER, *GOOD)])
    assert Organisation.get("default").won_statuses == ["SIGNED", "won"]
    assert Outcome.objects.get(dossier__number=9).converted
    with pytest.raises(MappingProblem, match="'gone' means lost in default"):
        bring_in(LEADS.replace('"won"', '"gone"'), leads=[write(tmp_path, "l.csv", HEADER, *GOOD)])


def test_an_organisation_that_was_fed_by_the_api_alone_keeps_its_words_and_its_zone(tmp_path: Path) -> None:
    tell(a_record(8, status="QUALIFIED"), a_record(9, status="signed"))
    mapping = 'time_zone = "Europe/Paris"\n' + LEADS.replace('won = "won"', 'won = "signed"')
    bring_in(mapping, leads=[write(tmp_path, "l.csv", HEADER, *GOOD)], dry_run=True)
    assert not AuditEntry.objects.filter(act="organisation.change").exists()
    summary, _ = bring_in(mapping, leads=[write(tmp_path, "l.csv", HEADER, *GOOD)])
    organisation = Organisation.get("default")
    assert organisation.won_statuses == ["QUALIFIED", "CONVERTED", "WON", "signed"]
    assert organisation.time_zone == "UTC"
    assert "keeps its time zone UTC" in summary.notes[0]
    won = Outcome.objects.current().filter(converted=True).values_list("dossier__number", flat=True)
    assert sorted(won) == [2, 8, 9]
    row = AuditEntry.objects.get(act="organisation.change")
    assert (row.by, row.evidence) == ("test", {"changed": ["won_statuses"], "outcomes_settled": 1})
    bring_in(mapping, leads=[write(tmp_path, "l.csv", HEADER, *GOOD)])
    assert AuditEntry.objects.filter(act="organisation.change").count() == 1


def test_a_spreadsheet_will_not_run_what_stands_among_the_rejects(tmp_path: Path) -> None:
    from leads.importing.rejects import Rejects

    with Rejects(tmp_path / "rejects.csv") as rejects:
        rejects.add("f.csv", 2, "odd", ["=cmd()", "\ud800\x00"])
    text = (tmp_path / "rejects.csv").read_text(encoding="utf-8")
    assert text.splitlines()[1].startswith("f.csv,2,odd,\"'=cmd()")


def test_what_an_object_lacks_is_missing_and_not_none(tmp_path: Path) -> None:
    lines = ['{"dossier_id": 1, "status": "NEW"}', '{"status": "NEW", "created_at": "2026-06-01"}']
    _, rejects = bring_in("", leads=[write(tmp_path, "l.ndjson", *lines)])
    assert rejects == ["1: created_at: the time is missing", "2: dossier_id: the lead's number is missing"]


def test_events_without_a_mapping_keep_all_their_properties(tmp_path: Path) -> None:
    tell(a_record(1))
    told = {"user": "jo", "pages": [1, {"deep": None}], "seen": {"by": "a"}, "body": "x" * 2_000}
    event = {"dossier_id": 1, "kind": "brochure", "occurred_at": "2026-06-02T09:00:00Z", "external_id": "a"}
    broken = event | {"external_id": "b", "properties": {"size": 10**301}}
    lines = [json.dumps(each) for each in (event | {"properties": told}, broken)]
    _, rejects = bring_in("", events=[write(tmp_path, "e.ndjson", *lines)])
    assert rejects == ["2: properties.size: a number must be finite and below 1e300."]
    kept = {"user": "jo", "pages": [1, {"deep": None}], "seen.by": "a", "body": "x" * 2_000}
    assert Event.objects.get().properties == kept
