"""The admin of leads: one's own organisation's, whole, and to read."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from common.audit import AuditEntry
from common.tenancy import Membership
from leads.models import Organisation, Outcome
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


def test_another_organisations_leads_are_not_there(staff: Client) -> None:
    theirs = a_lead(number=909_090, org_id="theirs")
    assert "909090" not in staff.get("/admin/leads/dossier/").content.decode()
    assert staff.get(f"/admin/leads/dossier/{theirs.pk}/change/").status_code == 302


def test_new_words_for_won_settle_the_outcomes_anew_and_leave_a_row(staff: Client) -> None:
    lead = a_lead(status="SIGNED")
    lead.status_changes.create(from_status="NEW", to_status="SIGNED", changed_at=MONDAY + DAY)
    Organisation.objects.create(org_id="default")
    answer = staff.post("/admin/leads/organisation/default/change/", {
        "name": "", "time_zone": "Europe/Paris", "horizon_days": 60, "won_statuses": '["SIGNED"]', "lost_statuses": '["LOST"]',
        "observed_until_0": "", "observed_until_1": "",
    })
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    assert Outcome.objects.current().get(dossier=lead).converted
    assert AuditEntry.objects.get(act="organisation.change").evidence["outcomes_settled"] == 1


def test_imports_and_audit_rows_are_to_read(staff: Client) -> None:
    for page in ("leads/importjob", "common/auditentry"):
        assert staff.get(f"/admin/{page}/").status_code == 200
        assert staff.get(f"/admin/{page}/add/").status_code == 403


def test_a_persons_organisation_stands_on_the_persons_page(client: Client) -> None:
    root = User.objects.create_superuser("root")
    Membership.objects.create(user=root, org_id="north")
    client.force_login(root)
    assert 'value="north"' in client.get(f"/admin/auth/user/{root.pk}/change/").content.decode()
