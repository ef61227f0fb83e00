"""Numbers and codes as a person reads them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from insights import words
from predictions.actions import ACTIONS


def test_every_action_has_words() -> None:
    assert [action.code for action in words.ACTIONS] == list(ACTIONS)
    assert words.action_of("").label == "Not scored yet"


def test_a_likely_lead_that_is_only_nurtured_says_that_we_are_not_sure() -> None:
    assert "not sure" in words.action_of("NURTURE", 0.83).advice
    assert "not sure" not in words.action_of("NURTURE", 0.35).advice


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.004, "<1%"), (0.01, "1%"), (0.846, "85%"), (0.99, "99%"), (0.996, ">99%"), (1, "100%")],
)
def test_a_probability_is_never_shown_as_certain_where_it_is_not(share: float, text: str) -> None:
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [(0.3, "today"), (1.2, "yesterday"), (5, "5 days"), (22, "3 weeks"), (100, "3 months"), (800, "2 years")],
)
def test_ages_are_said_as_one_says_them(days: float, text: str) -> None:
    evening = datetime(2026, 3, 2, 20, tzinfo=UTC)
    assert words.age(evening - timedelta(days=days), evening) == text


@pytest.mark.parametrize(("day", "text"), [(2, "today"), (1, "yesterday"), (0, "2 days")])
def test_days_are_those_of_the_viewers_calendar(day: int, text: str) -> None:
    """At half past midnight in Paris the evening before is yesterday, though London still has it."""
    late = datetime(2026, 2, 28, 22, 50, tzinfo=UTC) + timedelta(days=day)
    with timezone.override(ZoneInfo("Europe/Paris")):
        assert words.age(late, datetime(2026, 3, 2, 22, 55, tzinfo=UTC)) == text
        assert words.age(late, datetime(2026, 3, 2, 23, 30, tzinfo=UTC)) == ("yesterday", "2 days", "3 days")[2 - day]


@pytest.mark.parametrize(("minutes", "text"), [(1, "1 minute"), (45, "45 minutes"), (120, "2 hours"), (4320, "3 days")])
def test_spans_are_said_in_the_unit_that_fits(minutes: float, text: str) -> None:
    assert words.span(minutes) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [(0.12, "12 points"), (-0.01, "1 point"), (0.0072, "0.7 points"), (0.0097, "1 point"), (0, "0.0 points")],
)
def test_points_are_whole_where_they_are_large(part: float, text: str) -> None:
    assert words.points(part) == text


def test_plain_numbers_have_no_more_digits_than_they_need() -> None:
    assert [words.plain(each) for each in (250000.0, 1.5, 0.33333, 2.0)] == ["250,000", "1.5", "0.333", "2"]


@pytest.mark.parametrize(
    ("amount", "text"),
    [(1234.5, "1,234.50\u00a0EUR"), (250_000, "250,000\u00a0EUR"), (-0.5, "−0.50\u00a0EUR"), (0, "0\u00a0EUR")],
)
def test_an_amount_has_two_decimals_or_none(amount: float, text: str) -> None:
    assert words.money(amount, "EUR") == text
