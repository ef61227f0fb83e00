"""A proposed mapping can be used as it is on what CRMs and spreadsheets export, and says what it cannot know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.importing.files import Source
from leads.importing.mapping import LeadsMap, TimeColumn
from leads.importing.mapping_toml import read_mapping
from leads.importing.proposal import propose
from leads.models import Dossier, LeadAttribute
from leads.tests.told import bring_in, write

NOON = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
FATES = ("Won", "Lost", "Open")


def proposed(tmp_path: Path, *lines: str) -> tuple[str, LeadsMap]:
    """What is proposed for a file, and its part on leads."""
    words = propose(Source(write(tmp_path, "leads.csv", *lines), "leads.csv"))
    leads = read_mapping(words).leads
    assert leads is not None
    return words, leads


@pytest.mark.parametrize(
    "form",
    [
        "%m/%d/%Y %I:%M %p",
        "%m/%d/%Y, %I:%M %p",
        "%Y-%m-%d %I:%M:%S %p",
        "%m/%d/%y",
        "%d.%m.%y %H:%M",
        "%m-%d-%Y",
        "%d-%b-%Y",
        "%b %d, %Y %H:%M",
    ],
)
def test_times_are_found_as_crms_and_spreadsheets_write_them(tmp_path: Path, form: str) -> None:
    days = [(NOON + timedelta(days=n)).strftime(form) for n in range(90)]
    _, leads = proposed(
        tmp_path, "Lead ID;Created;Stage", *(f"{n};{day};{FATES[n % 3]}" for n, day in enumerate(days, 1))
    )
    assert leads.created_at == TimeColumn("Created", form)


def test_where_no_day_is_above_12_it_says_that_day_and_month_may_be_the_other_way_round(tmp_path: Path) -> None:
    rows = [f"{n};{n % 12 + 1:02}/0{n % 5 + 1}/2026;{FATES[n % 3]}" for n in range(1, 91)]
    words, leads = proposed(tmp_path, "Lead ID;Created;Stage", *rows)
    assert leads.created_at == TimeColumn("Created", "%d/%m/%Y")
    assert 'If it is the other one: format = "%m/%d/%Y"\ncreated_at = ' in words
    words, _ = proposed(tmp_path, "Lead ID;Created;Stage", *rows, "91;31/01/2026;Won")
    assert "the other one" not in words


def test_telephone_numbers_are_no_numbers_of_leads_and_no_attributes(tmp_path: Path) -> None:
    rows = [f"0151{n:07},{n + 400},491510000{n:04},2026-06-01,{FATES[n % 3]}" for n in range(1, 91)]
    _, leads = proposed(tmp_path, "Phone Number,Lead No,mobilePhone,Created,Stage", *rows)
    assert leads.id == "Lead No"
    assert leads.ignore == {"Phone Number", "mobilePhone"}


def test_what_leads_of_rows_that_are_counted_rest_on_is_said(tmp_path: Path) -> None:
    rows = [f"00Q5g{n:05}AAX,2026-06-01,{FATES[n % 3]}" for n in range(1, 91)]
    words, leads = proposed(tmp_path, "Lead ID,Created,Stage", *rows)
    assert leads.id == "@row"
    assert "in this order, and add new ones at the end" in words


@pytest.mark.parametrize(
    ("words", "fate"),
    [
        (("gewonnen", "verloren", "offen"), (("gewonnen",), ("verloren",))),
        (("gagné", "perdu", "en cours"), (("gagné",), ("perdu",))),
        (
            ("Closed - Converted", "Closed - Not Converted", "Working"),
            (("Closed - Converted",), ("Closed - Not Converted",)),
        ),
    ],
)
def test_what_means_won_and_lost_is_known_in_german_french_and_salesforce(
    tmp_path: Path, words: tuple[str, ...], fate: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    rows = [f"{n};2026-06-01;{words[n % 3]}" for n in range(1, 91)]
    said, leads = proposed(tmp_path, "Lead ID;Created;Lead Status", *rows)
    assert leads.status is not None
    assert (leads.status.won, leads.status.lost) == fate
    assert "is known to mean" not in said


def test_what_a_status_does_not_say_is_said_beside_it(tmp_path: Path) -> None:
    said, _ = proposed(tmp_path, "Lead ID,Created,Stage", *(f"{n},2026-06-01,{'ABC'[n % 3]}" for n in range(1, 91)))
    assert "None of them is known to mean won" in said
    assert "None of them is known to mean lost" in said
    rows = [f"{n},2026-06-01,{('true', 'false')[n % 2]}" for n in range(1, 91)]
    said, _ = proposed(tmp_path, "Lead ID,Created,Is Converted", *rows)
    assert (
        'who is still open counts as lost. If some are, without `lost`: words = { true = "CONVERTED", false = "OPEN" }'
        in said
    )


def test_when_a_lead_was_converted_is_when_it_was_decided_and_a_last_name_comes_with_the_lead(tmp_path: Path) -> None:
    rows = [f"{n},Doe,2026-06-01,{FATES[n % 3]},{'2026-06-09' if n % 3 == 0 else ''}" for n in range(1, 91)]
    words, leads = proposed(tmp_path, "Lead ID,Last Name,Created,Stage,ConvertedDate", *rows)
    assert leads.outcome.at == TimeColumn("ConvertedDate")
    assert '"Last Name" = "unknown"' not in words


@pytest.mark.django_db
def test_a_decimal_comma_is_found_and_its_numbers_are_taken(tmp_path: Path) -> None:
    rows = [f"{n};01.06.2026 14:30;{FATES[n % 3]};{n * 900},5;{n},25" for n in range(1, 91)]
    words, leads = proposed(tmp_path, "Lead ID;Created;Stage;Budget;Size", *rows)
    assert read_mapping(words).file.decimal == ","
    assert leads.fields["amount"] == "Budget"
    summary, rejects = bring_in(words, leads=[tmp_path / "leads.csv"])
    assert (summary.files[0].created, rejects) == (90, [])
    assert Dossier.objects.get(number=7).amount == 6300.5
    assert LeadAttribute.objects.get(dossier__number=7, name="Size").value == 7.25


@pytest.mark.parametrize("cells", [("1,234", "5,678"), ("1.5", "2,5"), ("a, b", "c, d")])
def test_what_may_be_thousands_or_is_not_one_way_gives_no_decimal_comma(tmp_path: Path, cells: tuple[str, str]) -> None:
    rows = [f"{n};2026-06-01;{FATES[n % 3]};{cells[n % 2]}" for n in range(1, 91)]
    words, _ = proposed(tmp_path, "Lead ID;Created;Stage;Size", *rows)
    assert read_mapping(words).file.decimal == "."


@pytest.mark.parametrize("form", ["${:,.2f}", "{:,}", "{:,.2f} €", "EUR {:.2f}"])
def test_sums_in_a_currency_or_with_thousands_apart_are_named_and_make_no_field(tmp_path: Path, form: str) -> None:
    rows = [f"{n};2026-06-01;{FATES[n % 3]};{form.format(n + 1000)};{n}" for n in range(1, 91)]
    words, leads = proposed(tmp_path, "Lead ID;Created;Stage;Amount;Price", *rows)
    assert leads.fields == {"property.price": "Price"}
    assert leads.ignore == set()
    assert f'with them: "Amount" ({form.format(1001)}).' in words


@pytest.mark.parametrize(
    "name",
    ["Number of times contacted", "Deal - Done activities", "Modified Time", "hs_lastmodifieddate", "Probability"],
)
def test_what_grows_or_moves_until_it_is_exported_is_suspected_by_its_name(tmp_path: Path, name: str) -> None:
    rows = [f"{n},2026-06-01,{FATES[n % 3]},{n % 7}" for n in range(1, 91)]
    words, _ = proposed(tmp_path, f"Lead ID,Created,Stage,{name}", *rows)
    assert 'unknown"  # its name speaks of what comes later' in words


def test_activities_that_have_an_id_of_their_own_are_no_leads(tmp_path: Path) -> None:
    header = "Activity ID,Deal ID,Type,Direction,Due date,Done time"
    rows = [
        f"{n},{n % 30 + 1},{('call', 'mail')[n % 2]},{('INBOUND', 'OUTBOUND')[n % 2]},2026-07-01,2026-06-01T10:00:00Z"
        for n in range(1, 91)
    ]
    words = propose(Source(write(tmp_path, "activities.csv", header, *rows), "activities.csv"))
    events = read_mapping(words).events
    assert events is not None
    assert (events.case, events.id, events.kind, events.direction) == ("Deal ID", "Activity ID", "{Type}", "Direction")
    assert events.occurred_at == TimeColumn("Done time")


def test_deals_of_several_each_of_a_contact_stay_leads(tmp_path: Path) -> None:
    rows = [f"{n},{n % 30 + 1},2026-06-01,{FATES[n % 3]}" for n in range(1, 91)]
    _, leads = proposed(tmp_path, "Deal ID,Contact ID,Created,Stage", *rows)
    assert leads.id == "Deal ID"


@pytest.mark.parametrize(("form", "unit"), [("epoch", 1), ("epoch_ms", 1_000)])
def test_times_counted_since_1970_are_found(tmp_path: Path, form: str, unit: int) -> None:
    rows = [f"{n},{(int(NOON.timestamp()) + n * 3_600) * unit},{FATES[n % 3]}" for n in range(1, 91)]
    _, leads = proposed(tmp_path, "id,createdAt,Stage", *rows)
    assert leads.created_at == TimeColumn("createdAt", form)


@pytest.mark.django_db
def test_dates_that_are_not_in_iso_are_proposed_as_dates(tmp_path: Path) -> None:
    def row(n: int) -> str:
        day = NOON + timedelta(days=n)
        return f"{n};{day:%d.%m.%Y %H:%M};{FATES[n % 3]};{day:%d.%m.%Y};{day:%d.%m.%Y %H:%M}"

    header = "Lead ID;Created;Stage;Geburtstag;Last Activity"
    words, leads = proposed(tmp_path, header, *(row(n) for n in range(1, 91)))
    told = {each.name: (each.known, each.kind, each.format) for each in leads.attributes}
    assert told["Geburtstag"] == ("creation", "date", "%d.%m.%Y")
    assert told["Last Activity"] == ("unknown", "date", "%d.%m.%Y %H:%M")
    assert leads.ignore == set()
    assert bring_in(words, leads=[tmp_path / "leads.csv"])[1] == []
    assert LeadAttribute.objects.get(dossier__number=30, name="Geburtstag").value == "2026-01-31"
