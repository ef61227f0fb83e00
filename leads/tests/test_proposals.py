"""A proposed mapping can be used as it is on what CRMs and spreadsheets export, and says what it cannot know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.importing.files import Source
from leads.importing.mapping import LeadsMap, TimeColumn
from leads.importing.mapping_toml import read_mapping
from leads.importing.proposal import propose
from leads.tests.told import write

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
