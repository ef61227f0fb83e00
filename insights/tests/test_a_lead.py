"""A lead's page: what to do with it, why, and what happened to it."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.audit import AuditEntry
from common.tests.people import a_person, sales, staff
from insights.access import Viewer
from insights.decided import became_of
from insights.forms import LAST_SECOND
from insights.views import lead as views
from leads import snapshots
from leads.models import Dossier, LeadScore, Organisation, Outcome, Override
from leads.tests.cast import (
    DAY,
    HOUR,
    MINUTE,
    a_lead,
    a_message,
    a_property,
    an_appointment,
    an_attribute,
    an_event,
    an_outcome,
)
from models_registry.tests.cards import a_version
from predictions.bulk import score_in_bulk
from predictions.forgetting import forget_lead
from predictions.models import Prediction, PredictionBatch
from predictions.overriding import record_of, who_was_right
from predictions.tests.scored import a_prediction, a_scored_lead, again

pytestmark = pytest.mark.django_db


def address(lead: Dossier) -> str:
    return f"/ml-insights/leads/{lead.number}/"


def text(client: Client, lead: Dossier) -> str:
    response = client.get(address(lead))
    assert response.status_code == 200
    return response.content.decode()


def test_it_says_what_to_do_how_likely_and_why() -> None:
    lead = a_scored_lead(0.85, action="HIGH_PRIORITY")
    page = text(sales(), lead)
    for words in ("Call today", "85%", "Between 75% and 95%", "3 appointments raise it by 65 points."):
        assert words in page


def test_every_contribution_stands_in_a_table_and_a_missing_value_is_called_unknown() -> None:
    a_version("20260101000000", archived_at=timezone.now())
    vector = [["appointments_count", 3, 0.3], ["attributes.first_buyer", 1, 0.15], ["source", None, -0.05]]
    lead = a_scored_lead(0.6, vector=vector, model_version="20260101000000")
    judged = sales().get(address(lead)).context["judged"]
    assert [(each.label, each.shown, each.part) for each in judged.contributions] == [
        ("Appointments", "3", 0.3),
        ("First buyer", "yes", 0.15),
        ("Source", "unknown", -0.05),
    ]
    assert [reason.feature for reason in judged.speaks_for] == ["appointments_count", "attributes.first_buyer"]
    assert judged.speaks_against == []


def test_no_reasons_are_shown_of_a_model_that_is_no_longer_kept() -> None:
    lead = a_lead(timezone.now() - DAY)
    score_in_bulk(org_id="default", leads=Dossier.objects.all())
    PredictionBatch.objects.update(model_version="20260101000000")  # of which there is no artefact
    client = sales()
    page = text(client, lead)
    assert "The model that said this is no longer kept" in page
    assert "Nothing about it stands out" not in page
    assert "How the probability came to be" not in page
    listed = client.get("/ml-insights/").content.decode()
    assert "Its model is no longer kept" in listed
    assert "Nothing about it stands out" not in listed


def test_what_speaks_for_a_lead_stands_apart_from_what_speaks_against_it() -> None:
    lead = a_scored_lead(0.6, vector=[["appointments_count", 3, 0.5], ["response_time_minutes", 7000, -0.1]])
    page = text(sales(), lead)
    assert page.index("Speaks for it") < page.index("3 appointments raise it by 50 points.")
    assert page.index("Speaks against it") < page.index("An answer after 5 days lowers it by 10 points.")


def test_why_the_score_changed_is_said_once_there_are_two_predictions() -> None:
    now = timezone.now()
    lead = a_lead(now - 9 * DAY)
    a_prediction(lead, now - 3 * DAY)
    client = sales()
    assert "Why it changed" not in text(client, lead)
    assert client.get(f"{address(lead)}change").status_code == 404
    a_message(lead, now - 2 * DAY)
    a_prediction(lead, now - DAY)
    assert f'hx-get="{address(lead)}change"' in text(client, lead)
    page = client.get(f"{address(lead)}change").content.decode()
    assert "From 10% to 15%, up by 5 points. Mostly: 1 new message from the lead." in page
    assert "2 days passed" in page


def test_the_waterfall_is_beside_its_table_and_needs_no_inline_script() -> None:
    page = text(sales(), a_scored_lead(0.6))
    assert '<script id="figure-waterfall" type="application/json">' in page
    assert "vendor/plotly-leadqual" in page
    assert '<caption class="hidden">How the probability came to be</caption>' in page


def test_what_happened_stands_newest_first() -> None:
    lead = a_lead(timezone.now() - 9 * DAY)
    a_message(lead, lead.created_at + DAY)
    a_message(lead, lead.created_at + 2 * DAY, "OUTBOUND")
    an_appointment(lead, lead.created_at + 3 * DAY)
    an_event(lead, lead.created_at + 4 * DAY, "page_view")
    an_outcome(lead, True, lead.created_at + 5 * DAY, revenue=1234)
    response = sales().get(address(lead))
    assert [each.what for each in response.context["page"].timeline] == [
        "Converted",
        "Page view",
        "Appointment made",
        "Message to the lead",
        "Message from the lead",
        "Lead created",
    ]
    assert "revenue 1,234" in response.content.decode()


def test_what_is_known_of_it_is_the_newest_value_of_each() -> None:
    lead = a_lead(timezone.now() - 9 * DAY, source="website", amount=5000)
    a_property(lead, city="Lyon", price=250_000)
    an_attribute(lead, "budget", 100)
    an_attribute(lead, "budget", 300_000, lead.created_at + DAY)
    an_attribute(lead, "first_buyer", False)
    an_attribute(lead, "wanted_from", "2026-12-11")
    an_attribute(lead, "wish", "2026-02-30")
    facts = dict(sales().get(address(lead)).context["page"].facts)
    assert facts == {
        "Source": "website",
        "Amount": "5,000",
        "Property": "Lyon",
        "Price": "250,000",
        "Budget": "300,000",
        "First buyer": "no",
        "Wanted from": "11 Dec. 2026",
        "Wish": "2026-02-30",
    }


def test_what_if_is_answered_by_the_server_and_stored_nowhere() -> None:
    lead = a_lead(timezone.now() - 9 * DAY)
    a_message(lead, timezone.now() - DAY)
    a_prediction(lead, timezone.now())
    client = sales()
    assert 'name="appointments_count" type="range" min="0" max="10" step="1" value="0"' in text(client, lead)
    # What is read out (role="status") stays where it is, and only its words change: one that is new is passed over.
    assert 'hx-target="#supposed" hx-select="#supposed > *"' in text(client, lead)
    page = client.get(f"{address(lead)}what-if?appointments_count=4").content.decode()
    assert "as it is now" in page
    assert Prediction.objects.count() == 1


def test_a_moved_slider_says_its_number_without_a_word_of_one_language() -> None:
    lead = a_lead(timezone.now() - 9 * DAY)
    a_message(lead, timezone.now() - DAY)
    a_prediction(lead, timezone.now())
    page = text(sales(), lead)
    assert 'data-unit=""' in page
    assert 'data-unit="appointments"' not in page


def test_what_if_nothing_is_moved_there_is_nothing_to_say() -> None:
    lead = a_lead(timezone.now() - 9 * DAY)
    a_prediction(lead, timezone.now())
    client = sales()
    for query in ("", "?appointments_count=0", "?appointments_count=shoe", "?budget=3"):
        assert "Every slider stands where the lead is" in client.get(f"{address(lead)}what-if{query}").content.decode()
    assert "must be at least 0" in client.get(f"{address(lead)}what-if?appointments_count=-3").content.decode()
    assert client.get(f"{address(a_lead(timezone.now()))}what-if").status_code == 404


@pytest.mark.parametrize(("minutes", "at"), [(7, 5), (12.5, 15), (1_234_567, 1_234_565)])
def test_a_slider_stands_on_a_step_from_the_start_so_that_leaving_it_there_supposes_nothing(
    minutes: float, at: int
) -> None:
    created = timezone.now() - 900 * DAY
    lead = a_lead(created)
    a_message(lead, created + minutes * MINUTE, "OUTBOUND")
    a_prediction(lead, timezone.now())
    client = sales()
    assert f'step="5" value="{at}"' in text(client, lead)
    page = client.get(f"{address(lead)}what-if?response_time_minutes={at}").content.decode()
    assert "Every slider stands where the lead is" in page


@pytest.mark.parametrize(("button", "told"), [("score", {}), ("outcome", {"became": "converted"})])
def test_a_lead_that_is_forgotten_just_after_it_was_found_is_not_found(
    button: str, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, find = a_scored_lead(0.6), views._lead_or_404

    def found_and_forgotten(viewer: Viewer, number: int) -> Dossier:
        found = find(viewer, number)
        assert forget_lead(org_id="default", number=number, by="tester", at=timezone.now())
        return found

    monkeypatch.setattr(views, "_lead_or_404", found_and_forgotten)
    assert staff().post(address(lead) + button, told).status_code == 404


@pytest.mark.parametrize("fragment", ["change", "what-if?appointments_count=9"])
def test_of_a_lead_that_is_forgotten_while_it_is_read_there_is_no_fragment(
    fragment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, take = a_lead(timezone.now() - 3 * DAY), snapshots.take
    for days in (2, 1):
        a_prediction(lead, timezone.now() - days * DAY)

    def forgotten_first(*args: Any, **how: Any) -> Any:
        monkeypatch.undo()
        assert forget_lead(org_id="default", number=lead.number, by="tester", at=timezone.now())
        return take(*args, **how)

    monkeypatch.setattr(snapshots, "take", forgotten_first)
    assert sales().get(address(lead) + fragment).status_code == 404
    assert not Dossier.objects.exists()


def test_a_salesperson_tells_that_a_lead_converted_and_for_how_much() -> None:
    lead = a_scored_lead(0.6)
    page = sales().post(f"{address(lead)}outcome", {"became": "converted", "revenue": "1234.50"}, follow=True)
    assert "Recorded: converted" in page.content.decode()
    assert "revenue 1,234.5" in page.content.decode()
    row = Outcome.objects.get()
    assert (row.converted, row.recorded_by) == (True, "sales-default")


@pytest.mark.parametrize(
    ("language", "written", "revenue"),
    [
        ("en", "1,234.50", "1234.50"),
        ("en", "1 234", "1234"),
        ("en", "1,5", None),
        ("en", "1234,50", None),
        ("fr", "1\u202f234,50", "1234.50"),
        ("fr", "1234,5", "1234.50"),
        ("fr", "1234.50", "1234.50"),
        ("fr", "1.234,50", None),
    ],
)
def test_a_revenue_is_read_as_the_viewer_writes_it_and_never_guessed(
    language: str, written: str, revenue: str | None
) -> None:
    lead, client = a_scored_lead(0.6), sales()
    client.cookies["django_language"] = language
    client.post(f"{address(lead)}outcome", {"became": "converted", "revenue": written})
    assert [row.revenue for row in Outcome.objects.all()] == ([] if revenue is None else [Decimal(revenue)])


def test_an_outcome_is_corrected_and_the_first_one_kept() -> None:
    lead = a_scored_lead(0.6)
    client = sales()
    client.post(f"{address(lead)}outcome", {"became": "converted", "revenue": "10"})
    assert "Correct the outcome" in text(client, lead)
    client.post(f"{address(lead)}outcome", {"became": "lost", "revenue": "10", "day": f"{timezone.now():%Y-%m-%d}"})
    assert Outcome.objects.count() == 2
    assert (Outcome.objects.current().get().converted, Outcome.objects.current().get().revenue) == (False, None)


def test_a_day_that_has_passed_counts_to_its_end_so_that_a_lead_scored_on_it_was_judged_before() -> None:
    noon = (timezone.now() - DAY).replace(hour=12, minute=0, second=0, microsecond=0)
    lead = a_lead(noon + HOUR)
    a_prediction(lead, noon + HOUR + MINUTE)
    client = sales()
    client.post(f"{address(lead)}outcome", {"became": "converted", "day": f"{noon:%Y-%m-%d}"})
    told = Outcome.objects.get()
    assert (told.occurred_at, told.is_exact) == (noon.replace(hour=23, minute=59, second=59), True)
    assert "What stands below was judged before." in text(client, lead)
    assert became_of(Organisation.get("default"), timezone.now())["LOW_PRIORITY"].converted == 1


def test_the_day_is_that_of_the_viewers_zone() -> None:
    lead, client = a_scored_lead(0.6), sales()
    client.cookies["zone"] = "Pacific/Auckland"
    day = timezone.localtime(timezone.now() - 3 * DAY, ZoneInfo("Pacific/Auckland"))
    client.post(f"{address(lead)}outcome", {"became": "lost", "day": f"{day:%Y-%m-%d}"})
    end = timezone.localtime(Outcome.objects.get().occurred_at, ZoneInfo("Pacific/Auckland"))
    assert (end.date(), end.time()) == (day.date(), LAST_SECOND)


@pytest.mark.parametrize("is_exact", [True, False])
def test_who_corrects_the_revenue_alone_leaves_the_moment_as_it_stands(is_exact: bool) -> None:
    lead, client = a_scored_lead(0.6), sales()
    moment = (timezone.now() - 2 * DAY).replace(hour=17, minute=45)
    an_outcome(lead, True, moment, revenue=100, is_exact=is_exact, origin="RECORDED" if is_exact else "STATUS")
    form = {"became": "converted", "day": f"{moment:%Y-%m-%d}", "revenue": "200"}
    for _ in range(2):
        client.post(f"{address(lead)}outcome", form)
    told = Outcome.objects.current().get()
    assert (told.occurred_at, told.is_exact, told.revenue, told.origin) == (moment, is_exact, 200, "RECORDED")
    assert Outcome.objects.count() == 2


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({}, "Say whether it converted"),
        ({"became": "converted", "revenue": "-1"}, "Write the revenue as a number from 0 on"),
        ({"became": "converted", "revenue": "1.234"}, "Write the revenue as a number from 0 on"),
        ({"became": "converted", "revenue": "9" * 20}, "Write the revenue as a number from 0 on"),
        ({"became": "converted", "revenue": "much"}, "Write the revenue as a number"),
        ({"became": "lost", "day": "1999-01-01"}, "from the lead&#x27;s creation to today"),
        ({"became": "lost", "day": "2999-01-01"}, "from the lead&#x27;s creation to today"),
        ({"became": "lost", "day": "soon"}, "Write the day like"),
    ],
)
def test_an_outcome_that_cannot_be_is_refused_in_words(form: dict[str, str], problem: str) -> None:
    lead = a_scored_lead(0.6)
    assert problem in sales().post(f"{address(lead)}outcome", form, follow=True).content.decode()
    assert not Outcome.objects.exists()


def test_a_persons_word_stands_beside_the_models_and_leaves_the_score_alone() -> None:
    lead = a_scored_lead(0.6)
    client = sales()
    client.post(f"{address(lead)}override", {"percent": "10", "reason": "They bought elsewhere"})
    page = text(client, lead)
    assert "sales-default says 10%: Leave for now." in page
    assert "They bought elsewhere" in page
    assert "60%" in page
    assert LeadScore.objects.get(dossier=lead).probability == 0.6
    entry, override = AuditEntry.objects.get(act="override_score"), Override.objects.get()
    assert (override.reason, override.model_probability) == ("They bought elsewhere", 0.6)
    assert (entry.by, entry.subject) == ("sales-default", f"lead {lead.number}")
    assert (entry.reason, entry.before, entry.after, entry.evidence) == ("", "", "", {"override": override.pk})


def test_another_word_replaces_the_first_and_may_be_taken_back() -> None:
    lead = a_scored_lead(0.6)
    client = sales()
    client.post(f"{address(lead)}override", {"percent": "10", "reason": "No"})
    client.post(f"{address(lead)}override", {"percent": "90", "reason": "Yes"})
    assert [row.probability for row in Override.objects.standing()] == [0.9]
    assert "replaced</span>" in text(client, lead)
    assert "taken back" not in text(client, lead)
    client.post(f"{address(lead)}override/end")
    client.post(f"{address(lead)}override/end")
    assert not Override.objects.standing().exists()
    assert "taken back" in text(client, lead)


def test_where_time_stands_still_a_word_that_was_taken_back_is_not_said_to_be_replaced() -> None:
    now = timezone.now()
    Organisation.objects.create(org_id="default", observed_until=now)
    lead, client = a_scored_lead(0.6), sales()
    for percent in ("10", "90"):
        client.post(f"{address(lead)}override", {"percent": percent, "reason": "x"})
    client.post(f"{address(lead)}override/end")
    assert [each.is_replaced for each in client.get(address(lead)).context["page"].opinions] == [False, True]


def test_a_word_on_a_lead_that_was_decided_meanwhile_is_not_promised_to_be_compared() -> None:
    lead, client = a_scored_lead(0.6), sales()
    an_outcome(lead, False, timezone.now() - DAY)
    page = client.post(f"{address(lead)}override", {"percent": "10", "reason": "x"}, follow=True).content.decode()
    assert "the lead is decided: only what was said before counts" in page
    assert "it shows who was right" not in page


@pytest.mark.parametrize("form", [{"percent": "101", "reason": "x"}, {"percent": "50", "reason": " "}, {"reason": "x"}])
def test_a_word_without_a_reason_or_a_probability_is_refused(form: dict[str, str]) -> None:
    lead = a_scored_lead(0.6)
    sales().post(f"{address(lead)}override", form)
    assert not Override.objects.exists()


def test_there_is_nothing_to_disagree_with_before_the_first_score() -> None:
    lead = a_lead(timezone.now())
    page = sales().post(f"{address(lead)}override", {"percent": "50", "reason": "x"}, follow=True)
    assert "nothing to disagree with" in page.content.decode()


def test_once_decided_it_shows_who_was_nearer() -> None:
    lead = a_scored_lead(0.6)
    client = sales()
    client.post(f"{address(lead)}override", {"percent": "10", "reason": "They bought elsewhere"})
    assert "not decided yet" in text(client, lead)
    client.post(f"{address(lead)}outcome", {"became": "lost"})
    assert client.get(address(lead)).context["page"].opinions[0].nearer == "person"
    assert who_was_right("default") == record_of([(0.1, 0.6, False)])


def test_a_word_that_did_not_stand_when_it_was_decided_is_not_compared() -> None:
    lead, client = a_scored_lead(0.6), sales()
    for percent in ("10", "90"):
        client.post(f"{address(lead)}override", {"percent": percent, "reason": "x"})
    client.post(f"{address(lead)}override/end")
    client.post(f"{address(lead)}outcome", {"became": "lost"})
    client.post(f"{address(lead)}override", {"percent": "1", "reason": "They told me"})
    response = client.get(address(lead))
    assert [each.nearer for each in response.context["page"].opinions] == ["", "", ""]
    assert [each.is_late for each in response.context["page"].opinions] == [True, False, False]
    assert "given after it was decided" in response.content.decode()
    assert "not decided yet" not in response.content.decode()
    assert who_was_right("default").decided == 0


def test_a_word_that_was_taken_back_afterwards_is_compared() -> None:
    lead, client = a_scored_lead(0.6), sales()
    for percent in ("90", "10"):
        client.post(f"{address(lead)}override", {"percent": percent, "reason": "x"})
    client.post(f"{address(lead)}outcome", {"became": "lost"})
    client.post(f"{address(lead)}override/end")
    assert [each.nearer for each in client.get(address(lead)).context["page"].opinions] == ["person", ""]
    assert who_was_right("default") == record_of([(0.1, 0.6, False)])


def test_who_only_looks_changes_nothing() -> None:
    lead = a_scored_lead(0.6)
    client = a_person("predictions.view_prediction")
    for door, form in (
        ("outcome", {"became": "lost"}),
        ("override", {"percent": "1", "reason": "x"}),
        ("override/end", {}),
    ):
        assert client.post(f"{address(lead)}{door}", form).status_code == 403
    page = text(client, lead)
    assert "What became of it" not in page
    assert "You know better" not in page


def test_where_there_is_more_than_is_shown_the_page_says_so() -> None:
    lead, client = a_scored_lead(0.6), sales()
    for hours in range(39):
        a_message(lead, lead.created_at + hours * HOUR)
    for _ in range(29):
        again(lead, 0.6, days_ago=1)
    whole = text(client, lead)
    a_message(lead, lead.created_at + 50 * HOUR)
    again(lead, 0.6, days_ago=1)
    cut = text(client, lead)
    for said in ("The latest 40; more happened before.", "The latest 30; there are more before."):
        assert said not in whole
        assert said in cut


def test_the_scores_are_drawn_with_what_happened_between_them() -> None:
    lead = a_scored_lead(0.6)
    again(lead, 0.4, days_ago=3)
    a_message(lead, timezone.now() - 2 * DAY)
    drawn = sales().get(address(lead)).context["page"].drawn
    assert [row[1:] for row in drawn.rows] == [("60%", ""), ("", "Message from the lead"), ("40%", "")]


def test_an_unscored_lead_says_so() -> None:
    lead = a_lead(timezone.now())
    assert "Not scored yet" in text(sales(), lead)
    assert "Press “Score now”" in text(staff(), lead)


def test_scoring_it_now_stores_a_prediction_and_shows_it() -> None:
    lead = a_lead(timezone.now())
    client = staff()
    response = client.post(f"{address(lead)}score", follow=True)
    assert "likely to convert" in response.content.decode()
    assert Prediction.objects.get().dossier == lead
    assert LeadScore.objects.get(dossier=lead).probability is not None
    assert "Before any points" in text(client, lead)


def test_whether_a_decided_lead_was_judged_before_or_afterwards_is_said_as_it_is() -> None:
    lead, client = a_lead(timezone.now() - 9 * DAY), staff()
    an_outcome(lead, True, timezone.now() - DAY)
    page = text(client, lead)
    assert "It was decided before it was scored." in page
    assert "was judged" not in page
    a_prediction(lead, timezone.now() - 3 * DAY)
    assert "What stands below was judged before." in text(client, lead)
    client.post(f"{address(lead)}score")
    page = text(client, lead)
    assert "What stands below was judged afterwards." in page
    assert "was judged before" not in page


def test_a_salesperson_cannot_score_it() -> None:
    lead = a_lead(timezone.now())
    client = sales()
    assert client.post(f"{address(lead)}score").status_code == 403
    assert not Prediction.objects.exists()
    assert "Score now</button>" not in text(client, lead)


@pytest.mark.parametrize("number", ["404", str(2**63), "9" * 60])
def test_an_unknown_number_is_a_page_that_says_so(number: str) -> None:
    response = sales().get(f"/ml-insights/leads/{number}/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_another_organisations_lead_does_not_exist() -> None:
    lead = a_scored_lead(0.6, org_id="other")
    client = staff()
    assert client.get(address(lead)).status_code == 404
    assert client.post(f"{address(lead)}score").status_code == 404


def test_words_of_the_crm_are_never_markup() -> None:
    lead = a_scored_lead(0.6, source="<script>alert(1)</script>", vector=[["source", "</script><b>", 0.4]])
    page = text(sales(), lead)
    assert "<script>alert" not in page
    assert "</script><b>" not in page


def test_a_long_history_takes_as_many_statements_as_a_short_one() -> None:
    lead = a_lead(timezone.now() - 9 * DAY)
    for days in (3, 2):
        a_prediction(lead, timezone.now() - days * DAY)
    a_message(lead, timezone.now())
    client = sales()
    few = statements(client, lead)
    for hours in range(50):
        a_message(lead, timezone.now())
        an_attribute(lead, f"name {hours}", hours)
        Prediction.objects.create(
            **{
                field.attname: getattr(Prediction.objects.first(), field.attname)
                for field in Prediction._meta.fields
                if not field.primary_key
            }
        )
    assert statements(client, lead) == few < 20


def statements(client: Client, lead: Dossier) -> int:
    with CaptureQueriesContext(connection) as captured:
        text(client, lead)
    return len(captured)
