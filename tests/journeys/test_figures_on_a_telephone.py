"""A figure on a telephone: names take several lines there, and what belongs to one name stays in one row."""

from __future__ import annotations

import pytest

from leads.tests.cast import an_attribute
from models_registry.tests.cards import CARD, a_version
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


def test_the_number_on_a_narrow_bar_can_be_read(arrives: Arrival) -> None:
    tenths = [CARD["curves"]["lift"][0] | {"tenth": tenth, "rate": 0.7 - 0.06 * tenth} for tenth in range(1, 11)]
    a_version("20260101000000", is_active=True, card=CARD | {"curves": CARD["curves"] | {"lift": tenths}})
    reader = arrives("sales")
    reader.page.set_viewport_size({"width": 390, "height": 900})
    reader.goes("/ml-insights/models/")
    number = reader.finds(".bartext").filter(has_text="64%").first
    assert "scale" not in (number.get_attribute("transform") or "")
