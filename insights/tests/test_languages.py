"""Pages speak the language of the person at them; programs are always answered in English."""

import pytest
from django.test import Client
from django.utils import timezone

from common.tests.people import sales, staff
from leads.tests.cast import DAY, a_message
from predictions.tests.scored import a_prediction, a_scored_lead, again

pytestmark = pytest.mark.django_db
FRENCH = {"accept-language": "fr-FR,fr;q=0.9,en;q=0.5"}


def text(client: Client, address: str, headers: dict[str, str] = FRENCH) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_a_french_browser_reads_french_down_to_the_reasons_and_the_numbers() -> None:
    a_scored_lead(0.85, action="HIGH_PRIORITY", expected_value=1_234_567.0)
    page = text(sales(), "/ml-insights/?calls=3")
    assert '<html lang="fr">' in page
    for words in ("Appeler aujourd’hui", "85\u00a0%", "3 rendez-vous l’augmentent de 65 points", "1\u00a0234\u00a0567"):
        assert words in page
    assert "raise it by" not in page


def test_a_leads_page_is_french_down_to_why_it_changed() -> None:
    lead = a_scored_lead(0.6)
    again(lead, 0.4, days_ago=3)
    a_message(lead, timezone.now() - DAY)
    address = f"/ml-insights/leads/{lead.number}/"
    client = sales()
    page = text(client, address)
    for words in ("Qu’est-il devenu", "Message du prospect", "Prospect créé", "Avant tout point", "Ce prospect"):
        assert words in page
    assert "Pourquoi il a changé" in text(client, f"{address}change")
    assert "en hausse de" in text(client, f"{address}change")


def test_the_chosen_language_goes_before_the_browsers() -> None:
    client = sales()
    answer = client.post("/accounts/language/", {"language": "fr", "next": "/ml-insights/overview/"})
    assert answer.headers["Location"] == "/ml-insights/overview/"
    assert "Vue d’ensemble" in text(client, "/ml-insights/overview/", {"accept-language": "en"})


def test_who_prefers_another_language_reads_english() -> None:
    assert '<html lang="en">' in text(sales(), "/ml-insights/", {"accept-language": "ja"})


def test_login_and_error_pages_are_french_too() -> None:
    assert "Se connecter" in text(Client(), "/accounts/login/")
    answer = sales().get("/ml-insights/leads/404/", headers=FRENCH)
    assert "Il n’y a rien ici" in answer.content.decode()


def test_programs_are_answered_in_english_whatever_they_prefer() -> None:
    lead = a_scored_lead(0.6)
    client = staff()
    answer = client.get(f"/api/ml/predict/{lead.number}/latest", headers=FRENCH).json()
    assert answer["feature_contributions"][0]["reason"].startswith("3 appointments; ")
    assert (
        client.get("/api/ml/predict/404/latest", headers=FRENCH).json()["errors"][0]["detail"]
        == "There is no such lead."
    )


def test_a_page_in_french_leaves_the_next_answer_in_english() -> None:
    lead = a_scored_lead(0.6)
    a_prediction(lead, timezone.now())
    client = staff()
    text(client, f"/ml-insights/leads/{lead.number}/")
    answer = client.get(f"/api/ml/predict/{lead.number}/change").json()
    assert "Not recalibrated" in str(answer["parts"])
