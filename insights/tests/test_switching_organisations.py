"""A superuser looks at one organisation after the other, in several windows: a button does what its page showed."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from common.tests.people import admin, sales
from leads.models import Organisation, Outcome
from leads.tests.cast import DAY, a_lead
from predictions.tests.scored import a_scored_lead

pytestmark = pytest.mark.django_db
PAGES = "/ml-insights/"
FIELD = '<input type="hidden" name="of_org" value="default">'


def test_a_button_of_a_page_of_another_organisation_does_nothing_to_the_lead_of_that_number_here() -> None:
    Organisation.objects.create(org_id="agency")
    _mine, theirs = (a_lead(timezone.now() - DAY, number=7, org_id=org) for org in ("default", "agency"))
    client = admin()
    assert FIELD in client.get(f"{PAGES}leads/7/").content.decode()
    client.post(f"{PAGES}organisation", {"org_id": "agency"})
    page = client.post(f"{PAGES}leads/7/outcome", {"became": "lost", "of_org": "default"}, follow=True)
    assert "You have switched to agency since you opened that page: nothing was done." in page.content.decode()
    assert not Outcome.objects.exists()
    client.post(f"{PAGES}leads/7/outcome", {"became": "lost", "of_org": "agency"})
    assert [row.dossier for row in Outcome.objects.all()] == [theirs]


def test_the_admin_says_which_organisation_was_chosen_and_in_which_zone_its_times_are() -> None:
    Organisation.objects.create(org_id="agency")
    client = admin()
    assert "Times in UTC" in client.get("/admin/leads/dossier/").content.decode()
    client.post(f"{PAGES}organisation", {"org_id": "agency"})
    page = client.get("/admin/leads/dossier/").content.decode()
    assert ">agency</a>" in page.partition('class="who"')[2].partition("</header>")[0]


def test_who_cannot_switch_is_asked_nothing() -> None:
    lead = a_scored_lead(0.6)
    client = sales()
    assert "of_org" not in client.get(f"{PAGES}leads/{lead.number}/").content.decode()
    client.post(f"{PAGES}leads/{lead.number}/outcome", {"became": "lost"})
    assert Outcome.objects.exists()


def test_every_form_of_a_page_says_whose_rows_it_showed() -> None:
    """But those of the head, which are nobody's."""
    pages = (Path(settings.BASE_DIR) / "templates/insights").glob("*.html")
    forms = {page.name: re.findall(r"{% csrf_token %}(?:{% of_org %})?", page.read_text()) for page in pages}
    assert {name for name, found in forms.items() if "{% csrf_token %}" in found} == {"base.html"}
