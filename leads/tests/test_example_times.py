"""Who wrote a time that cannot be read hears how one is written, and not what the form is called."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leads.importing.values import RowProblem, dates, moments

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (moments("iso", PARIS), "a time of the form 2026-03-31T14:30:00Z"),
        (moments("epoch", PARIS), "a time of the form 1774967400"),
        (moments("epoch_ms", PARIS), "a time of the form 1774967400000"),
        (moments("%d/%m/%Y %H:%M", PARIS), "a time of the form 31/03/2026 14:30"),
        (dates("iso"), "a date of the form 2026-03-31"),
        (dates("%d.%m.%Y"), "a date of the form 31.03.2026"),
    ],
)
def test_a_time_that_cannot_be_read_is_told_by_an_example(read: Callable[[str], Any], told: str) -> None:
    with pytest.raises(RowProblem) as problem:
        read("soon")
    assert str(problem.value) == f"'soon' is not {told}"
