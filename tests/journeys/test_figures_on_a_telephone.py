"""A figure on a telephone: names take several lines there, and what belongs to one name stays in one row."""

from __future__ import annotations

import pytest

from leads.tests.cast import an_attribute
from predictions.tests.scored import a_scored_lead
from tests.journeys.conftest import Arrival

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
DRAWN = "() => (document.querySelector('[data-figure]').data || []).map((trace) => trace.y)"


def test_a_bar_with_a_long_name_has_its_mark_in_its_own_row(arrives: Arrival) -> None:
    an_attribute(a_scored_lead(number=1), "reason_for_the_first_contact", "a move")
    a_scored_lead(number=2)
    reader = arrives("admin")
    reader.page.set_viewport_size({"width": 390, "height": 900})
    reader.goes("/ml-insights/data/")
    reader.page.wait_for_function(f"({DRAWN})().length === 2")
    bars, marks = reader.page.evaluate(DRAWN)
    assert "Reason for the first<br>contact" in bars
    assert marks == bars
