"""Overview: how it goes, for those who lead a team."""

from datetime import datetime, timezone

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone as clock

from common.tests.people import a_person, sales
from insights.expected import wins_of
from insights.live import quantile
from insights.month import OpenLeads, share_due, to_come_of
from insights.pages.overview import Overview
from leads.models import Organisation
from leads.tests.cast import DAY, HOUR, a_lead, a_message, an_outcome
from models_registry.tests.cards import a_version
from predictions.models import Quality, QualityKind
from predictions.overriding import override
from predictions.tests.scored import a_scored_lead, again

OVERVIEW = "/ml-insights/overview/"
BAND = {"said": 0.31, "rate": 0.28, "low": 0.2, "high": 0.37, "leads": 100, "converted": 28, "holds": True}


def read(client: Client) -> Overview:
    response = client.get(OVERVIEW)
    assert response.status_code == 200
    page: Overview = response.context["page"]
    return page


@pytest.mark.django_db
def test_open_leads_are_counted_by_action_and_lead_to_their_list() -> None:
    a_scored_lead(0.9, action="HIGH_PRIORITY")
    a_scored_lead(0.2, action="LOW_PRIORITY")
    a_lead(clock.now())
    a_scored_lead(0.9, org_id="other")
    page = read(client := sales())
    assert [(action.code, leads) for action, leads in page.by_action if leads] == [
        ("HIGH_PRIORITY", 1),
        ("LOW_PRIORITY", 1),
    ]
    assert page.unscored == 1
    assert "/ml-insights/?action=HIGH_PRIORITY" in client.get(OVERVIEW).content.decode()


@pytest.mark.django_db
def test_what_became_of_leads_stands_by_what_was_recommended_last_before() -> None:
    won, lost = (a_scored_lead(0.8, action="HIGH_PRIORITY") for _ in range(2))
    for lead, converted in ((won, True), (lost, False)):
        again(lead, 0.6, days_ago=5)
        an_outcome(lead, converted, clock.now() - DAY)
    page = read(sales())
    assert page.decided == 2
    assert page.became is not None
    assert page.became.rows == (("Call today", "2", "1", "50%", "60%"),)


@pytest.mark.django_db
def test_what_was_said_only_after_the_outcome_does_not_count() -> None:
    an_outcome(a_scored_lead(0.8), True, clock.now() - DAY)
    assert read(sales()).became is None


@pytest.mark.django_db
def test_an_old_recommendation_counts_where_there_is_no_newer_one_and_not_for_ever() -> None:
    lead, long_ago = (a_scored_lead(0.8, action="HIGH_PRIORITY") for _ in range(2))
    for days_ago, probability in ((100, 0.4), (70, 0.6)):
        again(lead, probability, days_ago=days_ago)
    again(long_ago, 0.5, days_ago=300)
    for each in (lead, long_ago):
        an_outcome(each, True, clock.now() - DAY)
    page = read(sales())
    assert page.became is not None
    assert page.became.rows == (("Call today", "1", "1", "100%", "60%"),)


@pytest.mark.django_db
def test_conversion_by_score_is_that_of_the_last_measurement() -> None:
    a_version("20260101000000", is_active=True)
    assert read(sales()).bands is None
    figures = {"leads": 100, "converted": 28, "bands": [BAND], "expected": 0.31, "base_rate": 0.28}
    Quality.objects.create(
        version="20260101000000", kind=QualityKind.REALISED, window_days=90, at=clock.now(), figures=figures
    )
    page = read(a_person("predictions.view_prediction"))
    assert page.bands is not None
    assert page.bands.rows == (("31%", "100", "28", "28%", "20% to 37%"),)


@pytest.mark.django_db
def test_the_wins_of_the_month_are_those_known_and_those_to_come() -> None:
    org = Organisation.objects.create(org_id="default", observed_until=datetime(2026, 6, 16, tzinfo=timezone.utc))
    lead = a_lead(datetime(2026, 6, 1, tzinfo=timezone.utc))
    an_outcome(lead, True, datetime(2026, 6, 10, tzinfo=timezone.utc))
    an_outcome(a_lead(datetime(2026, 5, 1, tzinfo=timezone.utc)), True, datetime(2026, 5, 10, tzinfo=timezone.utc))
    a_scored_lead(0.8)
    month = read(sales()).month
    assert (month.won, month.days_left) == (1, 15)
    assert month.to_come.mean == pytest.approx(0.8 * 15 / org.horizon_days)
    assert month.low <= month.mean <= month.high


@pytest.mark.django_db
def test_only_the_open_leads_that_have_a_score_are_said_to_bring_wins() -> None:
    a_scored_lead(0.8)
    a_lead(datetime.now(timezone.utc))
    page = sales().get("/ml-insights/overview/").content.decode()
    assert "the open leads with a score (1) should bring about" in page


@pytest.mark.django_db
def test_the_month_has_the_organisations_name_wherever_one_looks_from() -> None:
    until = datetime(2026, 6, 15, tzinfo=timezone.utc)
    Organisation.objects.create(org_id="default", time_zone="Europe/Paris", observed_until=until)
    client = sales()
    client.cookies["zone"] = "America/New_York"
    assert "Wins in June 2026" in client.get(OVERVIEW).content.decode()


@pytest.mark.django_db
def test_the_time_to_the_first_answer_is_shown_by_band() -> None:
    for probability, hours in ((0.9, 1), (0.9, 3), (0.1, 10)):
        lead = a_scored_lead(probability)
        a_message(lead, lead.created_at + HOUR)
        a_message(lead, lead.created_at + HOUR + hours * HOUR, "OUTBOUND")
    a_scored_lead(0.4)
    answered = read(sales()).answered
    assert answered is not None
    assert answered.rows == (
        ("70% and more", "2", "100%", "2 hours"),
        ("30% to 50%", "1", "0%", "nobody answered"),
        ("less than 30%", "1", "100%", "10 hours"),
    )


@pytest.mark.django_db
def test_it_says_who_was_right_once_leads_with_an_override_are_decided() -> None:
    client = sales()
    assert "Nobody has disagreed" in client.get(OVERVIEW).content.decode()
    lead = a_scored_lead(0.6)
    override(org_id="default", dossier=lead, probability=0.1, reason="x", by="ada", at=clock.now() - DAY)
    an_outcome(lead, False, clock.now())
    assert "People were nearer <strong>1</strong> times" in client.get(OVERVIEW).content.decode()


@pytest.mark.django_db
def test_the_live_part_is_asked_for_again_and_counts_the_last_hour() -> None:
    again(a_scored_lead(0.6), 0.5, days_ago=1)
    client = sales()
    assert 'data-follow="/ml-insights/overview/live" data-every="15"' in client.get(OVERVIEW).content.decode()
    assert "<strong>1</strong> prediction in the last hour" in client.get(f"{OVERVIEW}live").content.decode()


@pytest.mark.django_db
def test_who_may_not_see_predictions_sees_no_overview() -> None:
    client = a_person()
    assert client.get(OVERVIEW).status_code == 403
    assert client.get(f"{OVERVIEW}live").status_code == 403


@pytest.mark.django_db
def test_an_empty_organisation_hears_what_will_be_here() -> None:
    page = sales().get(OVERVIEW).content.decode()
    for words in ("No lead has been decided", "Nothing has been measured yet", "has a score yet"):
        assert words in page


@pytest.mark.django_db
def test_many_leads_take_as_many_statements_as_few() -> None:
    an_outcome(a_scored_lead(0.5), True, clock.now())
    client = sales()
    few = statements(client)
    for _ in range(30):
        an_outcome(again(a_scored_lead(0.5), 0.4, days_ago=2).dossier, True, clock.now())
        a_scored_lead(0.5)
    assert statements(client) == few < 20


def statements(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        read(client)
    return len(captured)


def test_the_wins_of_independent_leads_are_bounded_by_chance_alone() -> None:
    certain, open_ = wins_of([1.0] * 5), wins_of([0.5] * 100)
    assert (certain.mean, certain.low, certain.high) == (5.0, 5, 5)
    assert (open_.mean, open_.low, open_.high) == (50.0, 44, 56)
    assert wins_of([]).high == 0


def test_what_is_due_follows_from_the_ages_at_which_leads_convert() -> None:
    ages = [10.0] * 20 + [40.0] * 20
    assert share_due(ages, age=0, days_left=20, horizon=60) == 0.5
    assert share_due(ages, age=20, days_left=20, horizon=60) == 1.0
    assert share_due(ages, age=50, days_left=20, horizon=60) == pytest.approx(1 / 3)
    assert share_due([], age=0, days_left=90, horizon=60) == 1.0


def test_what_is_to_come_is_the_sum_over_all_ages() -> None:
    groups = [OpenLeads(0, "NURTURE", 3, 2, 1.0, 0.5), OpenLeads(5, "", 4, 0, 0.0, 0.0)]
    told = to_come_of(groups, [], days_left=30, horizon=60)
    assert (told.leads, told.mean) == (2, 0.5)


def test_a_quantile_is_the_bound_of_its_bucket() -> None:
    buckets = [(0.01, 50.0), (0.1, 94.0), (float("inf"), 100.0)]
    assert (quantile(buckets, 0.5), quantile(buckets, 0.95)) == (0.01, float("inf"))
    assert quantile([(0.01, 0.0)], 0.5) is None
    assert quantile([], 0.5) is None


@pytest.mark.django_db
def test_where_nothing_is_to_be_counted_no_wins_are_told() -> None:
    page = sales().get(OVERVIEW).content.decode()
    assert "There is nothing to count yet" in page
    assert "most likely 0 to 0" not in page
