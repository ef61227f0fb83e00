"""Today: whom to call first, and why."""

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.audit import AuditEntry
from common.jobs import JobStatus
from common.tests.people import a_person, admin, sales, staff
from leads.models import Organisation
from leads.tests.cast import DAY, a_lead, a_property, an_attribute, an_outcome
from models_registry.tests.cards import a_version
from predictions.jobs import start_scoring_all
from predictions.models import ScoreJob
from predictions.overriding import override
from predictions.tests.scored import a_scored_lead, again

pytestmark = pytest.mark.django_db
TODAY = "/ml-insights/"


def numbers(client: Client, address: str = TODAY) -> list[int]:
    return [row.lead.number for row in client.get(address).context["page"].rows]


def text(client: Client, address: str = TODAY) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_a_stranger_is_asked_to_log_in() -> None:
    assert Client().get(TODAY).headers["Location"] == "/accounts/login/?next=/ml-insights/"


def test_the_root_leads_to_todays_page() -> None:
    assert sales().get("/").headers["Location"] == TODAY


def test_the_most_likely_lead_comes_first_with_what_to_do_and_why() -> None:
    a_scored_lead(0.3, number=11)
    a_scored_lead(0.85, number=12, action="HIGH_PRIORITY", source="website")
    client = sales()
    page = text(client)
    assert numbers(client) == [12, 11]
    assert "Start here" in page
    assert "Call today" in page
    assert "85%" in page
    assert "3 appointments raise it by 65 points" in page
    assert "unknown" not in page.replace("source unknown", "")


def test_decided_and_unscored_leads_are_not_in_the_list() -> None:
    lost = a_scored_lead(0.9, number=21)
    an_outcome(lost, False, timezone.now())
    a_lead(timezone.now(), number=22)
    a_scored_lead(0.4, number=23)
    client = sales()
    assert numbers(client) == [23]
    assert "1 not scored yet" in text(client)


def test_another_organisations_leads_are_not_shown() -> None:
    a_scored_lead(0.9, number=31, org_id="other")
    a_scored_lead(0.4, number=32)
    assert numbers(sales()) == [32]
    assert numbers(sales("other")) == [31]


def test_by_expected_value_the_dearest_comes_first() -> None:
    a_scored_lead(0.9, number=41, expected_value=100.0)
    a_scored_lead(0.4, number=42, expected_value=90_000.0)
    a_scored_lead(0.5, number=43)
    assert numbers(sales(), f"{TODAY}?order=expected_value") == [42, 41]


def test_filters_narrow_the_list() -> None:
    a_scored_lead(0.9, number=51, action="HIGH_PRIORITY", source="website")
    a_scored_lead(0.4, number=52, action="NURTURE", source="portal")
    client = sales()
    assert numbers(client, f"{TODAY}?action=NURTURE") == [52]
    assert numbers(client, f"{TODAY}?source=website") == [51]
    page = text(client, f"{TODAY}?action=NURTURE&source=website")
    assert "No lead fits" in page
    assert "Start here" not in page
    assert "Call today" in page


def test_tabs_count_what_the_filters_leave_whichever_tab_is_open() -> None:
    a_scored_lead(0.9, number=53, action="HIGH_PRIORITY", source="website", owner="ada")
    a_scored_lead(0.4, number=54, action="NURTURE", source="website", expected_value=5.0)
    an_attribute(a_scored_lead(0.3, number=55, action="NURTURE", source="portal"), "budget", 300_000)
    a_lead(timezone.now(), number=56, source="website")
    client, website = sales(), {"HIGH_PRIORITY": 1, "NURTURE": 1}
    for query in ("", "action=NURTURE", "calls=1"):
        assert counted(client, query) == {"HIGH_PRIORITY": 1, "NURTURE": 2}
    assert counted(client, "source=website") == counted(client, "source=website&action=NURTURE") == website
    assert counted(client, "owner=ada") == {"HIGH_PRIORITY": 1}
    assert counted(client, "attribute=budget&value=>200000") == counted(client, "search=portal") == {"NURTURE": 1}
    assert counted(client, "order=expected_value") == {"NURTURE": 1}
    assert counted(client, "source=nowhere") == {}
    page = text(client, f"{TODAY}?source=website")
    assert 'All <span class="count">2</span>' in page
    assert "4 open leads; 1 not scored yet" in page


def counted(client: Client, query: str) -> dict[str, int]:
    by_action = client.get(f"{TODAY}?{query}").context["page"].by_action
    return {action.code: leads for action, leads in by_action if leads}


def test_a_number_in_the_search_box_leads_to_the_lead_even_a_decided_one() -> None:
    an_outcome(a_scored_lead(0.9, number=61), True, timezone.now())
    a_scored_lead(0.4)
    client = sales()
    assert client.get(f"{TODAY}?search=61").headers["Location"] == "/ml-insights/leads/61/"
    assert client.get(f"{TODAY}?search=%2361", headers={"hx-request": "true"}).headers["HX-Redirect"].endswith("/61/")
    assert "No lead fits" in text(client, f"{TODAY}?search={'9' * 40}")


def test_a_word_is_found_in_the_lead_its_property_and_its_attributes() -> None:
    a_scored_lead(0.9, number=62, source="website")
    a_property(a_scored_lead(0.8, number=63), city="Lyon")
    an_attribute(a_scored_lead(0.7, number=64), "wish", "a house in LYON")
    client = sales()
    assert numbers(client, f"{TODAY}?search=lyon") == [63, 64]
    assert numbers(client, f"{TODAY}?search=webs") == [62]
    assert numbers(client, f"{TODAY}?search=%25") == []


def test_an_attribute_is_asked_for_as_it_is_known_now() -> None:
    rich, poor = a_scored_lead(0.9, number=65), a_scored_lead(0.8, number=66)
    an_attribute(rich, "budget", 300_000)
    an_attribute(rich, "buyer", True)
    an_attribute(poor, "budget", 300_000)
    an_attribute(poor, "budget", 90_000, poor.created_at + DAY)
    client = sales()
    assert numbers(client, f"{TODAY}?attribute=budget&value=300000") == [65]
    assert numbers(client, f"{TODAY}?attribute=budget&value=<100000") == [66]
    assert numbers(client, f"{TODAY}?attribute=budget&value=>50000") == [65, 66]
    assert numbers(client, f"{TODAY}?attribute=buyer&value=yes") == [65]
    assert numbers(client, f"{TODAY}?attribute=budget") == [65, 66]


@pytest.mark.parametrize(
    ("language", "value", "found"),
    [
        ("en", ">300000", [2]),
        ("en", "> 300,000", [2]),
        ("en", "299,999.00", [1]),
        ("en", "<1,5", []),
        ("fr", "> 300\u202f000", [2]),
        ("fr", "≥ 300\u00a0000,5", [2]),
        ("fr", "< 1,5", [3]),
        ("fr", "<1.5", [3]),
    ],
)
def test_a_number_is_asked_for_as_the_viewer_writes_it(language: str, value: str, found: list[int]) -> None:
    for number, budget in ((1, 299_999), (2, 300_001), (3, 0.75)):
        an_attribute(a_scored_lead(0.5, number=number), "budget", budget)
    client = sales()
    client.cookies["django_language"] = language
    response = client.get(TODAY, {"attribute": "budget", "value": value})
    assert [row.lead.number for row in response.context["page"].rows if row.lead.number in (1, 2, 3)] == found


def test_a_bound_in_an_address_means_the_same_to_who_writes_numbers_otherwise() -> None:
    client = sales()
    asked = [{"language": "en", "value": "> 300,000.5"}, {"language": "fr", "value": "> 300 000,5"}]
    for told in asked:
        client.cookies["django_language"] = told["language"]
        wanted = client.get(TODAY, {"attribute": "budget", "value": told["value"]}).context["wanted"]
        assert (wanted.value, wanted.range) == ("> 300000.5", (300000.5, None))


def test_a_filter_in_force_stays_in_sight_though_nobody_would_offer_it() -> None:
    a_scored_lead(0.5)
    page = text(sales(), f"{TODAY}?source=fair&region=South&owner=Zoe&attribute=long_ago&value=1")
    for shown in ("fair", "South", "Zoe"):
        assert f"<option selected>{shown}</option>" in page
    assert '<option value="long_ago" selected>' in page


def test_region_and_owner_narrow_and_are_offered() -> None:
    a_scored_lead(0.9, number=67, region="Lyon", owner="north")
    a_scored_lead(0.8, number=68, region="Paris", owner="south")
    client = sales()
    assert numbers(client, f"{TODAY}?region=Paris") == [68]
    assert numbers(client, f"{TODAY}?owner=north&region=Lyon") == [67]
    assert client.get(TODAY).context["page"].choices["owner"] == ["north", "south"]


def test_the_best_that_can_be_called_are_summed_up_with_where_to_stop() -> None:
    for number, probability in enumerate((0.9, 0.6, 0.5, 0.2), start=91):
        a_scored_lead(probability, number=number, expected_value=1000 * probability)
    client = sales()
    page = text(client, f"{TODAY}?calls=3")
    assert numbers(client, f"{TODAY}?calls=3") == [91, 92, 93]
    assert "Expect about <strong>2 wins</strong>" in page
    assert "worth <strong>2,000</strong>" in page
    assert "Stop at 50%" in page
    assert "As many calls at random would bring about 1.7" in page
    assert "There are no 30 leads in this view" in text(client, f"{TODAY}?calls=30")


def test_amounts_stand_beside_the_currency_that_the_organisation_has_named() -> None:
    lead = a_scored_lead(0.9, number=99, expected_value=1234.5)
    lead.amount = 250_000
    lead.save()
    an_outcome(a_scored_lead(0.9, number=100), True, timezone.now(), revenue="99.50")
    client = sales()
    assert "worth 1,234<" in text(client)
    Organisation.objects.create(org_id="default", currency="EUR")
    assert "worth 1,234\u00a0EUR" in text(client)
    assert "worth <strong>1,234\u00a0EUR</strong>" in text(client, f"{TODAY}?calls=1")
    assert "250,000\u00a0EUR" in text(client, f"{TODAY}leads/99/")
    assert "revenue 99.50\u00a0EUR" in text(client, f"{TODAY}leads/100/")
    assert "Expected value (EUR)" in client.get(f"{TODAY}leads.csv").content.decode()


def test_whom_a_person_has_set_aside_is_not_called() -> None:
    lead = a_scored_lead(0.9, number=95)
    a_scored_lead(0.6, number=96)
    override(org_id="default", dossier=lead, probability=0.1, reason="Bought elsewhere", by="ada", at=timezone.now())
    client = sales()
    assert numbers(client, f"{TODAY}?calls=5") == [96]
    assert numbers(client) == [95, 96]
    assert "ada says 10%: Bought elsewhere" in text(client)


def test_the_last_scores_are_drawn_with_an_arrow() -> None:
    lead = a_scored_lead(0.6)
    again(lead, 0.3, days_ago=8)
    again(lead, 0.4, days_ago=2)
    page = text(sales())
    assert "Last scores: 30%, 40%, 60%" in page
    assert "up 30 points" in page


def test_a_lead_with_one_score_has_no_arrow() -> None:
    a_scored_lead(0.6)
    assert "first score" in text(sales())


def test_the_list_is_saved_as_it_is_shown_and_starts_no_formula() -> None:
    a_scored_lead(0.9, number=97, source="=HYPERLINK(1)", expected_value=12.5)
    a_scored_lead(0.8, number=98, source="website")
    response = sales().get(f"{TODAY}leads.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"))))
    assert [row["Lead"] for row in rows] == ["97", "98"]
    assert rows[0]["Source"] == "'=HYPERLINK(1)"
    assert (rows[0]["Probability"], rows[0]["Expected value"]) == ("0.9", "12.5")
    assert rows[0]["Reason 1"].startswith("3 appointments raise it by")
    only = sales("other").get(f"{TODAY}leads.csv").content.decode("utf-8-sig")
    assert len(only.splitlines()) == 1


def test_the_link_says_when_a_file_would_not_hold_all_of_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        a_scored_lead(0.5)
    client = sales()
    assert "Save this list as CSV" in text(client)
    monkeypatch.setattr("insights.pages.today.MOST_SAVED", 1)
    monkeypatch.setattr("insights.export.MOST_SAVED", 1)
    assert "Save the first 1 of this list as CSV" in text(client)
    assert len(client.get(f"{TODAY}leads.csv").content.decode().splitlines()) == 2
    assert "Save this list as CSV" in text(client, f"{TODAY}?calls=5")


def test_a_view_saved_as_csv_holds_only_that_view() -> None:
    a_scored_lead(0.9, number=101, source="website")
    a_scored_lead(0.8, number=102, source="portal")
    assert "102" not in sales().get(f"{TODAY}leads.csv?source=website").content.decode()
    taken = AuditEntry.objects.get(act="leads.export")
    assert taken.evidence == {"order": "probability", "source": "website"}
    assert taken.by


def test_whose_name_was_looked_for_is_not_on_record_for_ever() -> None:
    sales().get(f"{TODAY}leads.csv?attribute=name&value=Lovelace&search=Ada")
    assert AuditEntry.objects.get(act="leads.export").evidence == {"order": "probability", "attribute": "name"}


def test_pages_follow_each_other_and_come_back() -> None:
    for number in range(1, 8):
        a_scored_lead(number / 10, number=number)
    client = sales()
    first = client.get(f"{TODAY}?limit=3").context["page"]
    second = client.get(first.next).context["page"]
    assert [row.lead.number for row in first.rows + second.rows] == [7, 6, 5, 4, 3, 2]
    assert numbers(client, second.previous) == [7, 6, 5]
    assert "Start here" not in text(client, first.next)


@pytest.mark.parametrize("query", ["cursor=broken", "limit=0", "limit=x"])
def test_a_broken_address_leads_to_the_first_page(query: str) -> None:
    assert sales().get(f"{TODAY}?{query}").headers["Location"] == TODAY


@pytest.mark.parametrize("query", ["order=shoe", "action=DANCE", "source=%00", "source=nowhere"])
def test_a_filter_that_nobody_knows_breaks_nothing(query: str) -> None:
    assert sales().get(f"{TODAY}?{query}").status_code == 200


def test_an_empty_organisation_hears_how_leads_come_in() -> None:
    page = text(sales())
    assert "No leads yet" in page
    assert "import_leads" in page
    assert "/ml-insights/data/#imports" not in page
    assert "/ml-insights/data/#imports" in text(staff())


def test_unscored_leads_say_what_to_do_next() -> None:
    a_lead(timezone.now())
    assert "Ask a colleague" in text(sales())
    assert "Press “Score all open leads”" in text(staff())


def test_scoring_all_leads_starts_a_job_and_shows_how_far_it_is() -> None:
    a_lead(timezone.now())
    client = staff()
    assert client.post("/ml-insights/leads/score").status_code == 302
    job = ScoreJob.objects.get()
    assert (job.status, job.total, job.started_by) == (JobStatus.QUEUED, 1, "staff-default")
    assert f'data-follow="/ml-insights/score-jobs/{job.pk}"' in text(client)
    client.post("/ml-insights/leads/score")
    assert ScoreJob.objects.count() == 1


@pytest.mark.parametrize("criteria", [{"dossier_ids": [1]}, {"source": "portal"}, {"changed_only": True}])
def test_a_job_of_some_leads_is_not_shown_as_one_of_all_and_stops_none(criteria: dict[str, object]) -> None:
    a_lead(timezone.now())
    some, client = ScoreJob.objects.create(criteria=criteria, total=1), staff()
    assert "Scoring all open leads" not in text(client)
    client.post("/ml-insights/leads/score")
    assert ScoreJob.objects.exclude(pk=some.pk).get().criteria == {}
    assert "Scoring all open leads" in text(client)


def test_a_job_of_all_leads_that_a_program_has_started_is_not_started_twice() -> None:
    a_lead(timezone.now())
    ScoreJob.objects.create(criteria={"include_decided": True, "changed_only": False}, total=1)
    client = staff()
    page = client.post("/ml-insights/leads/score", follow=True).content.decode()
    assert "Scoring is under way already." in page
    assert ScoreJob.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_who_press_at_once_start_one_job() -> None:
    a_lead(timezone.now())

    def press(name: str) -> bool:
        try:
            return start_scoring_all(org_id="default", by=name) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as people:
        assert sum(people.map(press, "abcd")) == 1
    assert ScoreJob.objects.count() == 1


def test_the_fragment_of_a_job_says_when_it_is_over() -> None:
    job = ScoreJob.objects.create(total=10)
    client, address = sales(), f"/ml-insights/score-jobs/{job.pk}"
    job.claim()
    job.report("scoring", 0.4)
    assert 'value="40"' in text(client, address)
    assert "data-finished" not in text(client, address)
    job.succeed(scored=10)
    assert "data-finished" in text(client, address)
    assert sales("other").get(address).status_code == 404


def test_a_salesperson_cannot_score_everything() -> None:
    a_lead(timezone.now())
    client = sales()
    assert client.post("/ml-insights/leads/score").status_code == 403
    assert not ScoreJob.objects.exists()
    assert "Score all open leads</button>" not in text(client)


def test_a_button_is_not_pressed_by_a_link() -> None:
    opened = staff().get("/ml-insights/leads/score")
    assert (opened.status_code, opened.headers["Allow"], b"Nothing was done" in opened.content) == (405, "POST", True)


def test_without_the_permission_to_see_predictions_there_is_no_page() -> None:
    response = a_person().get(TODAY)
    assert response.status_code == 403
    assert "not yours to do" in response.content.decode()


def test_a_word_that_runs_from_right_to_left_leaves_the_age_beside_it_as_it_is() -> None:
    lead = a_scored_lead(0.9, number=71, source="بوابة", region="الشمال", owner="ليلى")
    client = sales()
    assert "<bdi>بوابة</bdi> · <bdi>الشمال</bdi> · <bdi>ليلى</bdi> · <span" in client.get(TODAY).content.decode()
    assert "<bdi>بوابة</bdi> · <bdi>ليلى</bdi>" in client.get(f"{TODAY}leads/{lead.number}/").content.decode()


def test_a_superuser_chooses_the_organisation() -> None:
    Organisation.objects.create(org_id="other", name="The others")
    a_scored_lead(0.9, number=71, org_id="other")
    client = admin()
    assert numbers(client) == []
    assert client.post("/ml-insights/organisation", {"org_id": "other"}).status_code == 302
    assert numbers(client) == [71]
    client.post("/ml-insights/organisation", {"org_id": "nowhere"})
    assert numbers(client) == [71]


def test_nobody_else_chooses_the_organisation() -> None:
    Organisation.objects.create(org_id="other")
    assert staff().post("/ml-insights/organisation", {"org_id": "other"}).status_code == 403


def test_times_are_in_the_organisations_zone() -> None:
    Organisation.objects.create(org_id="default", time_zone="Asia/Tokyo")
    lead = a_scored_lead(0.9, number=81)
    local = lead.created_at + timedelta(hours=9)
    assert f"{local:%H:%M}" in text(sales())


def test_times_are_in_the_viewers_zone_once_the_browser_has_told_it() -> None:
    lead = a_scored_lead(0.9, number=82)
    client = sales()
    client.cookies["zone"] = "Asia%2FTokyo"
    local = lead.created_at + timedelta(hours=9)
    assert f"{local:%H:%M}" in text(client) or f"{local:%-I:%M}" in text(client)
    client.cookies["zone"] = "Nowhere/Land"
    assert client.get(TODAY).status_code == 200


def test_fifty_leads_take_as_many_statements_as_one() -> None:
    a_version("20260101000000", is_active=True)
    a_scored_lead(0.5, model_version="20260101000000")
    client = sales()
    client.get(TODAY)  # a connection plans its statements once
    few = statements(client)
    for _ in range(49):
        a_scored_lead(0.5, model_version="20260101000000")
    assert statements(client) == few < 20


def statements(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(TODAY).status_code == 200
    return len(captured)
