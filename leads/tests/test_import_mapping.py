"""Mappings are written by people: what is wrong in one is said with its place, and with what was meant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leads.importing.mapping import MappingProblem, OrderClock, TimeColumn
from leads.importing.mapping_toml import read_mapping, ready_mappings

LEADS = '[leads]\nid = "id"\ncreated_at = "at"\n'
EVENTS = '[events]\ncase = "id"\noccurred_at = "at"\nkind = "what"\n'
# Mappings that cannot be used, each with what is said of it.
WRONG = [
    (LEADS + 'statos = "s"\n', "line 4: leads.statos: there is no such key here; did you mean 'status'"),
    ('time_zona = "UTC"\n' + LEADS, "line 1: time_zona: there is no such key here; did you mean 'time_zone'?"),
    ('time_zone = "Europe/Amsterdm"\n' + LEADS, "line 1: time_zone: 'Europe/Amsterdm' is not a time zone; did you"),
    ('[leads]\nid = "id"\n', "line 1: leads: needs 'created_at'"),
    ('[leads]\nidd = "id"\ncreated_at = "at"\n', "needs 'id', and has 'idd'"),
    (LEADS.replace('"at"', "5"), "line 3: leads.created_at: must be a text or a table"),
    (LEADS.replace('"at"', '{ column = "at", fromat = "iso" }'), "fromat: there is no such key here"),
    (LEADS.replace('"at"', '{ order = "@row", start = "2020-01-01" }'), "needs a `start` and a `step`"),
    (LEADS.replace('"at"', '{ order = "@row", start = "2020-01-01", step = "soon" }'), "is not a duration like 90s"),
    (LEADS.replace('"at"', '{ order = "@row", start = "whenever", step = "1d" }'), "is not an ISO time"),
    (LEADS + '[leads.attributes]\nage = "creatoin"\n', "line 5: leads.attributes.age: 'creatoin' is not"),
    (LEADS + '[leads.attributes]\nage = { known = "contact", kind = "int" }\n', "'int' is not one of number"),
    (LEADS + '[leads.attributes]\n"@row" = "creation"\n', "may not begin with @"),
    (LEADS + 'status = { column = "s", won = "A", lost = ["a"] }\n', "'a' cannot mean both won and lost"),
    (LEADS + '[leads.outcome]\nat = "x"\nafter_creation = "1d"\n', "or a time after creation, not both"),
    (LEADS + '[leads.property]\nprize = "p"\n', "leads.property.prize: there is no such key here"),
    ('[file]\ndelimiter = ";;"\n' + LEADS, "delimiter: must be one character"),
    ('[file]\nencoding = "utf-7"\n' + LEADS, "'utf-7' is not one of utf-8"),
    (EVENTS + '[[events.rules]]\nkind = "message"\n', "events.rules[1]: needs 'when'"),
    (EVENTS + '[[events.rules]]\nwhen = { what = "x" }\noutcome = "win"\n', "; did you mean 'won'"),
    (EVENTS + '[[events.rules]]\nwhen = { other = "x" }\noutcome = "won"\n', "name 'what' in its `when`"),
    (EVENTS + "[[events.rules]]\nwhen = {}\n", "needs at least one column"),
    (EVENTS.replace('"what"', '"{what"'), "is not a text with columns in braces"),
    (EVENTS + "rules = 5\n", "events.rules: must be an array"),
    ("leads = 5\n", "leads: must be a table"),
    ("placeholders = [1]\n" + LEADS, "must hold texts"),
    ("observed_until = true\n" + LEADS, "observed_until: must be a text or a time or a date"),
    ('time_zone = "UTC"\n', "needs a table [leads] or [events]"),
    ("a = \n", "not valid TOML"),
    ("= 5", "not valid TOML"),
    ("a = " + "[" * 100_000, "not valid TOML"),
    (
        LEADS.replace('"at"', '{ order = "@row", start = "2020-01-01", step = "99999999999d" }'),
        "line 3: leads.created_at.step: '99999999999d' is too long a duration",
    ),
    (LEADS.replace('"at"', '{ order = "@row", start = 2020-01-01, step = "1d", origin = "x" }'), "a whole number or a"),
    (LEADS + 'status = { column = "s", words = { x = 5 } }\n', "must give a text for each word"),
    (LEADS + "ignore = 5\n", "leads.ignore: must be a text or an array"),
    (LEADS + '[leads.attributes]\n"" = "creation"\n', "may not be empty."),
    (LEADS + f"[leads.attributes]\n{'x' * 201} = 'creation'\n", "has at most 200 characters."),
    (EVENTS + "rules = [5]\n", "must be tables: write [[events.rules]]"),
    (EVENTS + '[[events.rules]]\nwhen = { what = "x" }\necho = 5\n', "must be true or false"),
    ("time_zone = 5\n" + LEADS, "line 1: time_zone: must be a text"),
    ("nothing", "there is no ready mapping 'nothing'; there are "),
    ("loan_aplications", "did you mean 'loan_applications'?; there are "),
]


def problem(words: str) -> str:
    with pytest.raises(MappingProblem) as caught:
        read_mapping(words)
    return str(caught.value)


def test_every_ready_mapping_can_be_used() -> None:
    assert {"bank_marketing", "contract", "loan_applications", "x_education"} <= set(ready_mappings())
    for name in ready_mappings():
        read_mapping(name)


@pytest.mark.parametrize(("words", "reason"), WRONG)
def test_what_is_wrong_is_said_with_its_place(words: str, reason: str) -> None:
    assert reason in problem(words)


def test_the_order_of_rows_can_be_a_clock() -> None:
    clock = '{ order = "@row", origin = 1, start = 2020-01-01, step = "1.5h" }'
    mapping = read_mapping(LEADS.replace('"at"', clock))
    assert mapping.leads is not None
    found = mapping.leads.created_at
    assert isinstance(found, OrderClock)
    assert (found.step, found.start.isoformat()) == (timedelta(minutes=90), "2020-01-01T00:00:00+00:00")


def test_a_zone_is_that_of_times_without_an_offset() -> None:
    column = '{ column = "at", zone = "Asia/Tokyo" }'
    mapping = read_mapping('time_zone = "Europe/Paris"\n' + LEADS.replace('"at"', column))
    assert mapping.leads is not None
    assert isinstance(mapping.leads.created_at, TimeColumn)
    assert (str(mapping.time_zone), str(mapping.leads.created_at.zone)) == ("Europe/Paris", "Asia/Tokyo")


def test_the_words_for_won_and_lost_come_from_the_status_and_from_the_rules() -> None:
    mapping = read_mapping(
        LEADS
        + 'status = { column = "s", won = "yes", lost = ["no"] }\n'
        + EVENTS
        + '[[events.rules]]\nwhen = { what = ["signed", "paid"] }\noutcome = "won"\n'
    )
    assert (mapping.won, mapping.lost) == (("yes", "paid", "signed"), ("no",))
