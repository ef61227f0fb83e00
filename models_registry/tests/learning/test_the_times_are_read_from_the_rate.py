"""What only tells when a lead came is left out where the recent conversion rate says what the times do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from leads.catalogue import LATELY
from leads.features import LabelledRows
from models_registry.learning.selection import NOISE
from models_registry.learning.times import RATES, TIMES, of_the_times
from models_registry.tests.learning.simulated import leads
from models_registry.tests.learning.test_features_are_selected import beside, unused

WEEKDAYS = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], dtype=object)


def dated(days: int, leads_a_day: int) -> tuple[LabelledRows, NDArray[np.int64]]:
    """Simulated leads, so many on each day, with the recent conversion rates; and the day of each, from 0."""
    rows = leads(days * leads_a_day, seed=4)[0]
    day = np.arange(len(rows)) // leads_a_day
    created = np.datetime64("2024-01-01T09:00", "us") + day * np.timedelta64(1, "D")
    rows = replace(rows, created_at=created, moment=created)
    rate = np.random.default_rng(2).uniform(0.1, 0.3, days)[day]
    return with_rates(rows, rate), day


def with_rates(rows: LabelledRows, rate: NDArray[np.float64]) -> LabelledRows:
    columns = {**rows.columns, **dict.fromkeys(RATES, rate)}
    return replace(rows, features=(*rows.features, *(each.feature for each in LATELY)), columns=columns)


def caught(rows: LabelledRows, **columns: NDArray[Any]) -> set[str]:
    """Which of these columns are said to tell only the times. Of the leads' own features none ever is."""
    rows = beside(rows, **columns)
    found = of_the_times(rows, [feature.name for feature in rows.features])
    assert set(found) <= set(columns)
    assert set(found.values()) <= {TIMES}
    return set(found)


@pytest.fixture(scope="module")
def half_a_year() -> tuple[LabelledRows, NDArray[np.int64]]:
    return dated(180, 12)


def test_an_index_that_drifts_is_left_out(half_a_year: tuple[LabelledRows, NDArray[np.int64]]) -> None:
    rows, day = half_a_year
    steps = np.random.default_rng(3).normal(0.05, 0.1, 180)
    within = np.random.default_rng(4).normal(0, 0.02, len(rows))
    assert caught(rows, index=(4.0 - np.cumsum(steps))[day] + within) == {"index"}
    assert caught(rows, quarterly=np.array([5191.0, 5099.1])[day // 90]) == {"quarterly"}


def test_the_month_and_a_campaign_are_left_out(half_a_year: tuple[LabelledRows, NDArray[np.int64]]) -> None:
    rows, day = half_a_year
    months = np.array(list("abcdef"), dtype=object)
    # A month may end within a day of ours: on another continent it has.
    month = months[np.minimum((np.arange(len(rows)) + 5) // (30 * 12), 5)]
    campaign = np.where(day % 60 < 20, "spring", None)
    assert caught(rows, month=month, campaign=campaign) == {"month", "campaign"}


def test_what_comes_back_stays(half_a_year: tuple[LabelledRows, NDArray[np.int64]]) -> None:
    rows, day = half_a_year
    weather = np.random.default_rng(5).normal(size=180)[day]
    assert not caught(rows, weekday=WEEKDAYS[day % 7], weekend=(day % 7 > 4) * 1.0, weather=weather)


def test_what_comes_back_stays_over_the_shortest_time_that_is_judged() -> None:
    rows, day = dated(60, 12)
    weather = np.random.default_rng(5).normal(size=60)[day]
    assert not caught(rows, weekday=WEEKDAYS[day % 7], weekend=(day % 7 > 4) * 1.0, weather=weather)
    assert caught(rows, index=day * 1.0) == {"index"}


def test_a_leads_own_attribute_stays_even_if_it_drifts(half_a_year: tuple[LabelledRows, NDArray[np.int64]]) -> None:
    rows, day = half_a_year
    rng = np.random.default_rng(6)
    price = rng.lognormal(12, 0.4, len(rows)) * 1.003**day
    nearly_all = np.where(rng.random(len(rows)) < 0.02, "abroad", "here").astype(object)
    channel = np.where(rng.random(len(rows)) < day / 180, "app", "phone").astype(object)
    one_outlier = np.where(np.arange(len(rows)) == 77, 1e12, 0.0)
    assert not caught(rows, price=price, nearly_all=nearly_all, channel=channel, one_outlier=one_outlier)


def test_what_is_the_same_for_all_leads_as_they_come_in_stays() -> None:
    rows, day = dated(90, 6)
    later = replace(rows, moment=rows.moment + np.timedelta64(3, "D"))
    both = replace(
        rows.take(np.append(np.arange(len(rows)), np.arange(len(rows)))),
        moment=np.concatenate([rows.moment, later.moment]),
    )
    # Nobody has answered on the first day; after three, it tells leads apart, day by day.
    answered = np.append(np.zeros(len(rows)), day * 1.0)
    assert not caught(both, answered=answered)


@pytest.mark.parametrize(("days", "leads_a_day"), [(180, 1), (90, 2), (40, 12)])
def test_of_few_leads_or_days_an_attribute_is_never_taken_for_the_times(days: int, leads_a_day: int) -> None:
    rows, day = dated(days, leads_a_day)
    names = [feature.name for feature in beside(rows, index=day * 1.0).features]
    assert not of_the_times(beside(rows, index=day * 1.0), names)


@pytest.mark.parametrize("seed", range(5))
def test_two_leads_a_day_that_are_alike_by_chance_are_not_of_the_times(seed: int) -> None:
    rows, _ = dated(120, 2)
    rng = np.random.default_rng(seed)
    rare = (rng.random(len(rows)) < 0.02) * 1.0
    village = np.array([f"village {at}" for at in range(300)], dtype=object)[rng.integers(0, 300, len(rows))]
    assert not caught(rows, rare=rare, village=village)


def test_without_the_recent_rate_nothing_is_left_out_for_the_times(
    half_a_year: tuple[LabelledRows, NDArray[np.int64]],
) -> None:
    rows, day = half_a_year
    assert not caught(rows.without(RATES), index=day * 1.0)
    never_varied = with_rates(rows.without(RATES), np.full(len(rows), 0.2))
    assert TIMES not in unused(beside(never_varied, index=day * 1.0)).values()


def test_the_rate_stays_where_others_were_left_out_for_it() -> None:
    # It tells nothing here: by itself it would be noise.
    rows, day = dated(200, 40)
    rows = rows.without({RATES[1]})
    reasons = unused(beside(rows, index=day * 1.0))
    assert reasons["index"] == TIMES
    assert RATES[0] not in reasons
    assert unused(rows)[RATES[0]] == NOISE


def test_the_rate_must_show_its_worth_where_only_the_rate_of_the_one_source_was_left_out_for_it() -> None:
    rows, day = dated(200, 40)
    rows = rows.without({RATES[1]})
    reasons = unused(beside(rows, lead_source_score=20.0 + day * 0.01))
    assert reasons["lead_source_score"] == TIMES
    assert reasons[RATES[0]] == NOISE
