"""Views of Today that a person keeps by a name: their own, and without words of a lead."""

import pytest
from django.test import Client

from common.tests.people import sales, staff
from insights.models import SavedView
from insights.saved_views import MOST
from predictions.tests.scored import a_scored_lead

pytestmark = pytest.mark.django_db
TODAY = "/ml-insights/"


def keep(client: Client, query: str = "action=NURTURE&source=portal", name: str = "Portal") -> str:
    return client.post(f"{TODAY}views", {"query": query, "name": name}, follow=True).content.decode()


@pytest.fixture(autouse=True)
def leads() -> None:
    a_scored_lead(0.4, action="NURTURE", source="portal")


def test_a_view_is_kept_by_its_name_and_leads_back_to_what_it_showed() -> None:
    page = keep(sales())
    assert 'href="/ml-insights/?action=NURTURE&amp;source=portal" aria-current="true">Portal</a>' in page


def test_what_asks_for_nothing_offers_nothing_to_keep() -> None:
    client = sales()
    assert "Keep this view" not in client.get(TODAY).content.decode()
    assert "Keep this view" in client.get(f"{TODAY}?calls=30").content.decode()
    assert "choose something that it shows" in keep(client, query="")
    assert "Give the view a name" in keep(client, name=" \x00 ")
    assert not SavedView.objects.exists()


def test_words_that_were_searched_for_are_not_kept() -> None:
    keep(sales(), query="search=Lovelace&calls=30")
    assert SavedView.objects.get().query == "calls=30"


def test_the_same_name_replaces_what_it_was() -> None:
    client = sales()
    keep(client)
    keep(client, query="calls=30")
    assert SavedView.objects.get().query == "calls=30"


def test_views_are_a_persons_own() -> None:
    keep(sales())
    view, other = SavedView.objects.get(), staff()
    assert "Portal</a>" not in other.get(TODAY).content.decode()
    assert other.post(f"{TODAY}views/{view.pk}/delete").status_code == 404


def test_a_view_is_deleted() -> None:
    client = sales()
    keep(client)
    client.post(f"{TODAY}views/{SavedView.objects.get().pk}/delete")
    assert not SavedView.objects.exists()


def test_nobody_keeps_more_than_a_page_can_show() -> None:
    client = sales()
    keep(client)
    owner = SavedView.objects.get().user
    SavedView.objects.bulk_create(SavedView(user=owner, name=f"v{n}", query="calls=1") for n in range(MOST - 1))
    assert "delete one first" in keep(client, name="one more")
    keep(client, name="Portal", query="calls=9")
    assert SavedView.objects.get(name="Portal").query == "calls=9"
