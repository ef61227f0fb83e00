"""What was said is held against what happened: mature predictions only, each lead once, by the horizon's definition."""

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Dossier, Organisation
from leads.tests.cast import DAY, a_lead, an_outcome
from predictions.judging import Predicted, judge
from predictions.models import Prediction
from predictions.quality import WINDOWS, estimated_of, figures_of, realised_of

pytestmark = pytest.mark.django_db
VERSION = "20260101000000"
NOW = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)
MATURE = NOW - 65 * DAY


def said(lead: Dossier, probability: float, at: datetime, **fields: Any) -> Prediction:
    values = {"predicted_at": at, "as_of": at, "method": "ML", "model_version": VERSION} | fields
    return Prediction.objects.create(
        org_id=lead.org_id,
        dossier=lead,
        conversion_probability=probability,
        probability_low=probability,
        probability_high=probability,
        confidence=1.0,
        base_probability=0.2,
        recommended_action="NURTURE",
        vector=[],
        **values,
    )


def a_judged_lead(probability: float, converted: bool | None, at: datetime = MATURE, **fields: Any) -> Dossier:
    lead = a_lead(at - DAY, **fields)
    said(lead, probability, at)
    if converted is not None:
        an_outcome(lead, converted, at + 5 * DAY)
    return lead


def realised(version: str = VERSION, days: int = 30, org_id: str = "default") -> dict[str, Any]:
    return realised_of(Organisation.get(org_id), version, days=days, at=NOW)


def test_we_said_thirty_percent_and_so_many_converted() -> None:
    for number in range(100):
        a_judged_lead(0.3, number < 28)
    figures = realised()
    (band,) = figures["bands"]
    assert (band["said"], band["converted"], band["leads"]) == (pytest.approx(0.3), 28, 100)
    assert (round(band["low"], 2), round(band["high"], 2), band["holds"]) == (0.20, 0.37, True)
    assert (figures["leads"], figures["converted"], figures["base_rate"]) == (100, 28, 0.28)


def test_the_undecided_count_as_not_converted_once_the_horizon_has_passed_and_not_before() -> None:
    a_judged_lead(0.3, None)
    young = NOW - 50 * DAY
    a_judged_lead(0.3, None, at=young)
    a_judged_lead(0.9, True, at=young)
    assert (realised()["leads"], realised()["converted"]) == (1, 0)
    pending = estimated_of(Organisation.get("default"), VERSION, days=60, at=NOW)
    assert (pending["n"], pending["decided"], pending["pending"]) == (2, 1, 1)
    assert pending["base_rate"] == pytest.approx(0.6)


def test_what_was_said_of_leads_that_were_decided_by_then_is_not_awaited() -> None:
    young, org = NOW - 20 * DAY, Organisation.get("default")
    for converted in (True, False):
        lead = a_lead(young - 3 * DAY)
        an_outcome(lead, converted, young - DAY)
        said(lead, 0.9, young)
    assert estimated_of(org, VERSION, days=60, at=NOW)["n"] == 0
    a_judged_lead(0.3, None, at=young)
    pending = estimated_of(org, VERSION, days=60, at=NOW)
    assert (pending["n"], pending["decided"], pending["pending"], pending["base_rate"]) == (1, 0, 1, pytest.approx(0.3))


def test_a_conversion_after_the_horizon_is_none() -> None:
    lead = a_lead(MATURE - DAY)
    said(lead, 0.3, MATURE)
    an_outcome(lead, True, MATURE + 61 * DAY)
    assert realised()["converted"] == 0


def test_a_lead_that_was_decided_when_it_was_scored_is_not_judged() -> None:
    lead = a_lead(MATURE - 3 * DAY)
    an_outcome(lead, True, MATURE - DAY)
    said(lead, 0.9, MATURE)
    assert realised()["leads"] == 0


def test_each_lead_counts_once_by_its_first_prediction_of_the_window() -> None:
    lead = a_judged_lead(0.2, True)
    said(lead, 0.9, MATURE + DAY)
    said(lead, 0.7, MATURE - 200 * DAY)
    figures = realised()
    assert (figures["leads"], figures["expected"]) == (1, pytest.approx(0.2))


def test_only_what_the_version_said_of_this_organisations_leads_counts() -> None:
    a_judged_lead(0.2, True)
    a_judged_lead(0.4, False, org_id="other")
    lead = a_lead(MATURE - DAY)
    said(lead, 0.6, MATURE, model_version="20250101000000")
    said(a_lead(MATURE - DAY), 0.8, MATURE, method="RULE_BASED", model_version=None)
    assert realised()["leads"] == 1
    assert realised("")["leads"] == 2
    assert realised(org_id="other")["leads"] == 1


def test_a_correction_counts_as_it_stands_now() -> None:
    lead = a_judged_lead(0.3, True)
    lead.outcomes.update(superseded_at=NOW - DAY)
    an_outcome(lead, False, MATURE + 5 * DAY, recorded_at=NOW - DAY)
    assert realised()["converted"] == 0


def test_the_figures_rank_and_miss_as_they_should() -> None:
    for number in range(40):
        a_judged_lead(0.8 if number % 2 else 0.1 + number / 1000, number % 2 == 1)
    figures = realised()
    assert figures["roc_auc"] == 1.0
    assert (figures["roc_auc_interval"], figures["reasons"]) == (None, {"roc_auc_interval": "too_few_leads"})
    assert figures["calibration_error"] == pytest.approx(0.16, abs=0.01)
    assert figures["accuracy"] == 1.0
    assert figures["calibration_p"] < 0.05


def test_what_was_said_came_true_where_half_or_more_converted_and_less_did_not() -> None:
    for probability, converted in ((0.5, True), (0.6, False), (0.4, True), (0.1, False)):
        a_judged_lead(probability, converted)
    assert realised()["accuracy"] == 0.5


def test_calibrated_probabilities_pass_and_flattering_ones_do_not() -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(2, 5, 600)
    moment = np.full(600, np.datetime64("2026-06-01", "us"))

    def judged(probability: Any) -> dict[str, Any]:
        from predictions.judging import Judged

        return figures_of(
            Judged(Predicted(np.arange(600), probability, moment), np.random.default_rng(6).random(600) < p)
        )

    assert judged(p)["calibration_p"] > 0.05
    assert judged(np.sqrt(p))["calibration_p"] < 1e-6
    low, high = judged(p)["roc_auc_interval"]
    assert low < judged(p)["roc_auc"] < high


def test_the_series_goes_by_week_and_over_a_long_time_by_month() -> None:
    for week in range(4):
        for number in range(3):
            a_judged_lead(0.3, number == 0, at=MATURE - week * 7 * DAY)
    weekly = realised(days=90)["series"]
    assert (weekly["step"], [point["leads"] for point in weekly["points"]]) == ("week", [3, 3, 3, 3])
    a_judged_lead(0.3, False, at=MATURE - 200 * DAY)
    monthly = realised(days=365)["series"]
    assert monthly["step"] == "month"
    assert sum(point["leads"] for point in monthly["points"]) == 13


def test_without_mature_predictions_every_figure_has_a_reason() -> None:
    figures = realised()
    assert figures["leads"] == 0
    assert set(figures["reasons"].values()) == {"no_mature_predictions"}
    assert {name for name in figures["reasons"] if figures[name] is None} == set(figures["reasons"])


def test_a_historical_organisation_is_measured_in_its_own_time() -> None:
    org = Organisation.objects.create(org_id="past", observed_until=NOW - 300 * DAY)
    lead = a_lead(org.now() - 70 * DAY, org_id="past")
    said(lead, 0.3, datetime.now(timezone.utc), as_of=org.now() - 65 * DAY)
    an_outcome(lead, True, org.now() - 30 * DAY)
    assert realised_of(org, VERSION, days=30, at=org.now())["converted"] == 1


def test_however_many_leads_a_window_takes_two_statements() -> None:
    counts = []
    for size in (1, 20):
        for _ in range(size):
            a_judged_lead(0.3, True)
        with CaptureQueriesContext(connection) as queries:
            for days in WINDOWS:
                realised(days=days)
        counts.append(len(queries) - len(WINDOWS))  # less the organisation's own row
    assert counts == [2 * len(WINDOWS)] * 2


def test_the_newest_leads_are_taken_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        a_judged_lead(0.1 * (number + 1), False, at=MATURE - timedelta(hours=number))
    monkeypatch.setattr("predictions.quality.MOST_LEADS", 2)
    figures = realised()
    assert (figures["leads"], figures["capped"]) == (2, True)
    assert figures["expected"] == pytest.approx(0.15)


def test_leads_left_out_are_told_also_where_nothing_was_said_of_those_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    a_judged_lead(0.3, False, at=MATURE - timedelta(hours=9))
    assert not realised()["capped"]
    for hours in (1, 2):
        a_lead(MATURE - timedelta(hours=hours))
    monkeypatch.setattr("predictions.quality.MOST_LEADS", 2)
    figures = realised()
    assert (figures["leads"], figures["capped"]) == (0, True)


def test_any_probabilities_of_leads_can_be_judged() -> None:
    lead = a_judged_lead(0.3, True)
    other = Predicted(
        np.array([lead.pk]), np.array([0.55]), np.array([MATURE.replace(tzinfo=None)], dtype="datetime64[us]")
    )
    assert figures_of(judge(Organisation.get("default"), other, at=NOW))["expected"] == pytest.approx(0.55)
