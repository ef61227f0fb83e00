"""The admin of leads: one's own organisation's, whole, and to read."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from common import audit
from common.audit import AuditEntry
from common.tenancy import Membership
from leads.models import ImportJob, Organisation, Outcome
from leads.tests.cast import DAY, HOUR, MONDAY, a_lead, a_message, a_property, an_attribute, an_event, an_outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    person = User.objects.create_user("staff", is_staff=True)
    person.groups.set(Group.objects.filter(name__in=["analyst", "ml_admin"]))
    client.force_login(person)
    return client


def test_all_of_a_lead_stands_on_one_page(staff: Client) -> None:
    lead = a_lead(number=4711, source="referral")
    a_property(lead)
    a_message(lead, MONDAY + HOUR)
    an_event(lead, MONDAY + HOUR, kind="brochure_download")
    an_attribute(lead, "budget", 321_000)
    an_outcome(lead, True, MONDAY + DAY)
    page = staff.get(f"/admin/leads/dossier/{lead.pk}/change/").content.decode()
    for word in ("referral", "Lyon", "INBOUND", "brochure_download", "budget", "321000"):
        assert word in page
    assert 'name="_save"' not in page


def test_a_lead_is_found_by_its_number(staff: Client) -> None:
    a_lead(number=4711)
    a_lead(number=47)
    page = staff.get("/admin/leads/dossier/?q=4711").content.decode()
    assert "4711" in page
    assert ">47<" not in page


@pytest.mark.parametrize("words", ["x", "11 112", "9" * 30, "0", "-1", "²", "471"])
def test_what_is_no_leads_number_finds_nothing(staff: Client, words: str) -> None:
    a_lead(number=4711)
    page = staff.get("/admin/leads/dossier/", {"q": words})
    assert page.status_code == 200
    assert page.context["cl"].result_list.count() == 0


def found(staff: Client, **query: str) -> set[int]:
    page = staff.get("/admin/leads/dossier/", query)
    assert page.status_code == 200
    return {lead.number for lead in page.context["cl"].result_list}


def test_leads_are_found_by_outcome_age_status_and_source(staff: Client) -> None:
    now = timezone.now()
    a_lead(now - 2 * DAY, number=1, source="referral")
    an_outcome(a_lead(now - 20 * DAY, number=2, status="WON"), True, now - DAY)
    twice = a_lead(now - 200 * DAY, number=3, status="LOST")
    an_outcome(twice, True, now - 9 * DAY, superseded_at=now - 8 * DAY)
    an_outcome(twice, False, now - 8 * DAY)
    assert [found(staff, outcome=each) for each in ("open", "won", "lost")] == [{1}, {2}, {3}]
    assert [found(staff, within=each) for each in ("week", "month", "age")] == [{1}, {1, 2}, {1, 2, 3}]
    assert found(staff, status="WON") == {2}
    assert found(staff, source="referral") == {1}
    assert found(staff, status="\x00") == {1, 2, 3}


def test_a_lead_with_much_behind_it_takes_as_many_statements_as_one_with_little(staff: Client) -> None:
    lead = a_lead()
    staff.get(f"/admin/leads/dossier/{lead.pk}/change/")  # what a process reads once
    counts = []
    for messages in (2, 40):
        for minute in range(messages):
            a_message(lead, MONDAY + minute * HOUR)
        with CaptureQueriesContext(connection) as queries:
            staff.get(f"/admin/leads/dossier/{lead.pk}/change/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_of_what_is_much_the_newest_is_shown(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.admin.dossiers.MOST_ROWS", 2)
    lead, other = a_lead(), a_lead()
    for hours in (3, 1, 2):
        an_event(lead, MONDAY + hours * HOUR, kind=f"kind_{hours}")
    an_event(other, MONDAY + 9 * HOUR, kind="anothers")
    page = staff.get(f"/admin/leads/dossier/{lead.pk}/change/").content.decode()
    assert page.index("kind_2") < page.index("kind_3")
    assert "kind_1" not in page
    assert "anothers" not in page


def test_days_are_written_as_on_the_pages(staff: Client) -> None:
    lead = a_lead()
    page = staff.get(f"/admin/leads/dossier/{lead.pk}/change/").content.decode()
    assert f"{lead.created_at.day} {date_format(lead.created_at, 'N Y, H:i')}" in page
    assert "a.m." not in page
    assert "p.m." not in page


def test_a_list_of_leads_takes_as_many_statements_for_fifty_as_for_one(staff: Client) -> None:
    counts = []
    for leads in (1, 49):
        for _ in range(leads):
            a_lead(source="website")
        with CaptureQueriesContext(connection) as queries:
            staff.get("/admin/leads/dossier/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_another_organisations_leads_are_not_there(staff: Client) -> None:
    theirs = a_lead(number=909_090, org_id="theirs")
    assert "909090" not in staff.get("/admin/leads/dossier/").content.decode()
    assert staff.get(f"/admin/leads/dossier/{theirs.pk}/change/").status_code == 302


FIELDS = {
    "name": "",
    "time_zone": "Europe/Paris",
    "horizon_days": "60",
    "won_statuses": '["SIGNED"]',
    "lost_statuses": '["LOST"]',
    "observed_until_0": "",
    "observed_until_1": "",
}


def saved(staff: Client, address: str = "default/change/", **fields: Any) -> Any:
    return staff.post(f"/admin/leads/organisation/{address}", FIELDS | fields)


def test_new_words_for_won_settle_the_outcomes_anew_and_leave_a_row(staff: Client) -> None:
    lead = a_lead(status="SIGNED")
    lead.status_changes.create(from_status="NEW", to_status="SIGNED", changed_at=MONDAY + DAY)
    Organisation.objects.create(org_id="default")
    assert saved(staff).status_code == 302
    assert Outcome.objects.current().get(dossier=lead).converted
    assert AuditEntry.objects.get(act="organisation.change").evidence["outcomes_settled"] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"won_statuses": "5"},
        {"won_statuses": '"WON"'},
        {"won_statuses": "[1]"},
        {"lost_statuses": '[""]'},
        {"won_statuses": "nonsense"},
        {"lost_statuses": '["signed"]'},
        {"time_zone": "Paris"},
        {"currency": "€"},
        {"currency": "eur"},
        {"horizon_days": "0"},
        {"won_statuses": '["SIGNED", "\\u0000"]'},
        {"lost_statuses": '["\\ud800"]'},
        {"observed_until_0": "0001-01-01", "observed_until_1": "00:00"},
    ],
)
def test_words_that_are_none_or_mean_both_are_refused(staff: Client, fields: dict[str, str]) -> None:
    Organisation.objects.create(org_id="default")
    answer = saved(staff, **fields)
    assert answer.status_code == 200
    assert answer.context["adminform"].errors
    assert Organisation.get("default").verdict_of("SIGNED") is None


def test_a_currency_is_three_letters_and_statuses_say_how_they_are_written(staff: Client) -> None:
    Organisation.objects.create(org_id="default")
    assert saved(staff, currency="CHF").status_code == 302
    assert Organisation.get("default").currency == "CHF"
    assert '["WON", "SIGNED"]' in staff.get("/admin/leads/organisation/default/change/").content.decode()


def as_shown(**told: str) -> dict[str, str]:
    """Fields of the form, with the hidden ones that say what the page showed in them."""
    return told | {f"initial-{name}": value for name, value in told.items()}


def test_records_that_came_in_since_the_page_was_shown_keep_the_present_that_they_moved(staff: Client) -> None:
    Organisation.objects.create(org_id="default", observed_until=MONDAY, won_statuses=["SIGNED"])
    assert 'name="initial-observed_until_0"' in staff.get("/admin/leads/organisation/default/change/").content.decode()
    Organisation.get("default").observe(MONDAY + DAY)
    Organisation.objects.update(won_statuses=["SIGNED", "PAID"])  # as an import adds one
    shown = as_shown(
        observed_until_0=f"{MONDAY:%Y-%m-%d}", observed_until_1=f"{MONDAY:%H:%M:%S}", won_statuses='["SIGNED"]'
    )
    assert saved(staff, name="Agence", **shown).status_code == 302
    kept = Organisation.get("default")
    assert (kept.name, kept.observed_until, kept.won_statuses) == ("Agence", MONDAY + DAY, ["SIGNED", "PAID"])
    assert "observed_until" not in AuditEntry.objects.get(act="organisation.change").evidence["changed"]


def test_an_organisation_that_is_saved_as_it_was_leaves_no_row(staff: Client) -> None:
    Organisation.objects.create(org_id="default")
    assert saved(staff, **as_shown(**FIELDS)).status_code == 302
    assert not AuditEntry.objects.exists()


def test_blanks_around_a_word_are_none_of_it(staff: Client) -> None:
    Organisation.objects.create(org_id="default")
    assert saved(staff, won_statuses='[" SIGNED "]').status_code == 302
    assert Organisation.get("default").verdict_of("SIGNED")


def test_no_organisation_is_deleted_from_under_its_leads(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    Organisation.objects.create(org_id="default")
    assert client.post("/admin/leads/organisation/default/delete/", {"post": "yes"}).status_code == 403
    assert Organisation.objects.exists()


def test_an_organisation_is_made_by_its_own_people_once(staff: Client) -> None:
    assert saved(staff, "add/", org_id="theirs").status_code == 302
    assert list(Organisation.objects.values_list("pk", flat=True)) == ["default"]
    assert saved(staff, "add/").status_code == 403


def test_another_organisations_definitions_are_not_there(staff: Client) -> None:
    Organisation.objects.create(org_id="theirs", name="Their name")
    assert "Their name" not in staff.get("/admin/leads/organisation/").content.decode()
    assert saved(staff, "theirs/change/").status_code == 302
    assert Organisation.get("theirs").verdict_of("SIGNED") is None


def test_imports_and_audit_rows_are_to_read(staff: Client) -> None:
    for page in ("leads/importjob", "common/auditentry"):
        assert staff.get(f"/admin/{page}/").status_code == 200
        assert staff.get(f"/admin/{page}/add/").status_code == 403


def test_an_import_says_how_far_it_is_in_percent(staff: Client) -> None:
    ImportJob.objects.create(filename="leads.csv", content="leads", progress=0.5)
    assert "50%" in staff.get("/admin/leads/importjob/").content.decode()


def test_an_audit_row_is_never_changed_or_deleted_even_by_a_superuser(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    entry = audit.record(org_id="default", act="test", by="root", at=MONDAY, subject="it")
    page = f"/admin/common/auditentry/{entry.pk}"
    assert client.get(f"{page}/change/").status_code == 200
    assert client.post(f"{page}/change/", {"by": "nobody"}).status_code == 403
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


def test_a_persons_organisation_stands_on_the_persons_page(client: Client) -> None:
    root = User.objects.create_superuser("root")
    Membership.objects.create(user=root, org_id="north")
    client.force_login(root)
    assert 'value="north"' in client.get(f"/admin/auth/user/{root.pk}/change/").content.decode()
