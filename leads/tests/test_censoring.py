"""Leads that are still undecided: others stand for them, so that quick or slow conversions do not flatter the rate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from leads import labelled
from leads.cohorts import LARGEST_FACTOR, censoring_factors, newest, still_followed
from leads.features import LabelledRows
from leads.models import Dossier, Organisation, Outcome
from leads.tests.cast import DAY, MONDAY

HORIZON = 60.0
TRUTH = 0.4
"""Four in ten convert, after 20 to 60 days; the others are lost after 3 on average."""


def fates(n: int, seed: int, lost_after: float = 3.0) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether each converts in the end, and after how many days it is decided."""
    rng = np.random.default_rng(seed)
    converts = rng.random(n) < TRUTH
    return converts, np.where(converts, rng.uniform(20.0, 60.0, n), rng.exponential(lost_after, n))


def an_organisation_of(days: float, n: int, lost_after: float = 3.0) -> Organisation:
    """So many leads, created evenly over so many days until now; what is not decided by now is still open."""
    converts, after = fates(n, 1, lost_after)
    until = MONDAY + days * DAY
    born = [MONDAY + days * DAY * (at / n) for at in range(n)]
    made = Dossier.objects.bulk_create(
        Dossier(number=at + 1, status="NEW", created_at=each, recorded_at=each) for at, each in enumerate(born)
    )
    ends = [lead.created_at + timedelta(days=float(each)) for lead, each in zip(made, after, strict=True)]
    Outcome.objects.bulk_create(
        Outcome(dossier=lead, converted=bool(won), occurred_at=at, recorded_at=at)
        for lead, won, at in zip(made, converts, ends, strict=True)
        if at <= until
    )
    return Organisation.get("default")


def rows(days: float, ages: tuple[float, ...] = (0.0,), labels: str = "censored") -> LabelledRows:
    org = Organisation.get("default")
    return labelled.training_rows(org, since=MONDAY, until=MONDAY + days * DAY, ages=ages, labels=labels)


def rate(found: LabelledRows) -> float:
    return float(np.average(found.converted, weights=found.weight))


def test_factors_give_back_the_rate_that_counting_the_decided_misses() -> None:
    n = 20_000
    converts, after = fates(n, seed=3)
    records_end = np.random.default_rng(4).uniform(0, 100, n)
    followed = np.minimum(np.minimum(after, HORIZON), records_end)
    censored = records_end < np.minimum(after, HORIZON)
    converted = converts & (after <= HORIZON)
    factors = censoring_factors(followed, censored)
    assert converted[~censored].mean() < TRUTH - 0.05
    assert np.average(converted, weights=factors) == pytest.approx(TRUTH, abs=0.012)
    assert factors.sum() == pytest.approx(n, rel=0.02)


def test_nobody_censored_means_that_each_stands_for_itself() -> None:
    assert censoring_factors(np.array([1.0, 5.0, 60.0]), np.zeros(3, bool)).tolist() == [1, 1, 1]


def test_the_chance_of_being_followed_is_kaplan_and_meiers() -> None:
    followed = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    censored = np.array([False, False, True, True, False])
    # At 2 one of three that might still be is lost (the decision at 2 came first), at 3 one of two.
    assert still_followed(followed, censored) == pytest.approx([1, 1, 1, 2 / 3, 1 / 3])
    assert censoring_factors(followed, censored) == pytest.approx([1, 1, 0, 0, 3])


def test_no_snapshot_stands_for_more_than_ten() -> None:
    followed, censored = np.append(np.linspace(1, 2, 99), 50.0), np.append(np.ones(99, bool), False)
    assert censoring_factors(followed, censored).max() == LARGEST_FACTOR


@pytest.mark.django_db
def test_where_all_leads_are_young_and_conversions_slow_the_weighted_rate_is_near_the_truth() -> None:
    an_organisation_of(70, 320)
    plain, weighed = rate(rows(70, labels="decided")), rate(rows(70))
    told = rows(70).labelling
    assert plain < TRUTH - 0.05
    assert weighed == pytest.approx(TRUTH, abs=0.06)
    assert abs(weighed - TRUTH) < abs(plain - TRUTH) / 2
    assert (told["labels"], told["capped"], told["horizon_days"]) == ("censored", 0, HORIZON)
    assert told["undecided"] > 50
    assert 1.5 < told["largest_factor"] < LARGEST_FACTOR


@pytest.mark.django_db
def test_the_plain_form_counts_what_is_decided_once_and_lets_nothing_stand_for_the_rest() -> None:
    an_organisation_of(75, 200)
    found = rows(75, ages=(0.0, 7.0), labels="decided")
    assert len(np.unique(found.weight)) == 1
    assert found.weight.sum() == pytest.approx(len(np.unique(found.dossier)))
    assert found.labelling["largest_factor"] == 1.0


@pytest.mark.django_db
def test_the_newest_leads_are_all_settled_so_that_a_model_is_measured_on_slow_ones_too() -> None:
    an_organisation_of(150, 900)
    found = rows(150, ages=(0.0, 7.0, 30.0))
    measured = np.isin(found.dossier, newest(found.dossier, found.created_at))
    assert found.weight[measured] == pytest.approx(found.weight.min())
    assert found.labelling["too_young"] > 0
    at_once = measured & (found.moment == found.created_at)
    assert found.converted[at_once].mean() == pytest.approx(TRUTH, abs=0.1)


@pytest.mark.django_db
def test_older_leads_weigh_what_they_stand_for_age_by_age() -> None:
    an_organisation_of(150, 900, lost_after=40.0)
    found = rows(150, ages=(0.0, 30.0))
    older = ~np.isin(found.dossier, newest(found.dossier, found.created_at))
    young, old = (older & (found.moment - found.created_at == np.timedelta64(days, "D")) for days in (0, 30))
    assert found.weight[young] == pytest.approx(found.weight.min())
    assert found.weight[old].max() > 1.1 * found.weight.min()


@pytest.mark.django_db
def test_where_all_snapshots_weigh_the_same_the_rate_at_creation_is_not_swayed_by_how_long_a_lead_lived(
    settings: Any,
) -> None:
    an_organisation_of(150, 900)
    alike = rows(150, ages=(0.0, 1.0, 7.0, 14.0))
    settings.ML_SNAPSHOT_WEIGHTS = "lead"
    by_lead = rate_at_creation(rows(150, ages=(0.0, 1.0, 7.0, 14.0)))
    assert by_lead < TRUTH - 0.1
    assert rate_at_creation(alike) == pytest.approx(TRUTH, abs=0.06)
    assert len(np.unique(alike.weight)) == 1


def rate_at_creation(found: LabelledRows) -> float:
    return rate(found.take(found.moment == found.created_at))


@pytest.mark.django_db
def test_a_snapshot_that_is_not_settled_has_no_row() -> None:
    an_organisation_of(75, 50)
    assert (rows(75).weight > 0).all()
