"""Pages speak the language of the person at them; programs are always answered in English."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from common.tests.people import sales, staff
from insights.tests.test_quality_page import DRIFT, MOVED, WINDOW, measured
from leads.models import ImportJob
from leads.tests.cast import DAY, a_message
from models_registry.tests.cards import a_training_run, a_version
from predictions.models import Prediction, QualityKind, ScoreJob
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
    assert "Rendez-vous\\u00a0: 3" in page  # in the figure's JSON
    assert "Pourquoi il a changé" in text(client, f"{address}change")
    assert "en hausse de" in text(client, f"{address}change")


def test_what_scored_it_stands_in_a_sentence_that_its_language_allows() -> None:
    lead, client = a_scored_lead(0.6, model_version="20260101000000"), sales()
    a_prediction(lead, timezone.now() - DAY)
    address = f"/ml-insights/leads/{lead.number}/"
    assert "Calculé par le modèle 20260101000000, et non plus par les règles" in text(client, f"{address}change")
    assert "Selon le modèle 20260101000000, le " in text(client, address)
    Prediction.objects.update(model_version=None, method="RULE_BASED")
    assert "Selon les règles, le " in text(client, address)
    assert "Said by the rules, " in text(client, address, {})


def test_how_far_a_run_is_has_the_colon_of_the_language() -> None:
    run = a_training_run(status="RUNNING", stage="growing")
    assert "En cours\u00a0: apprentissage</label>" in text(staff(), f"/ml-insights/models/runs/{run.pk}")


def test_what_was_stored_in_english_is_read_in_french() -> None:
    version = a_version(is_active=True)
    words = "Amount: more leads above 20,000 than in training (31 % instead of 12 %)"
    measured(version, QualityKind.DRIFT, 30, DRIFT | {"features": [MOVED | {"feature": "amount", "words": [words]}]})
    run = a_training_run(
        version=version,
        status="SUCCEEDED",
        verdict="Not activated: Calibration error 0.123 on newer leads; chance explains 0.045, and 0.05 is let pass.",
    )
    run.checks.create(name="leakage", passed=True, words="Nothing that it reads looks written after the outcome.")
    run.checks.create(name="gate", passed=True, words="Nobody has translated this.", position=1)
    page = text(staff(), "/ml-insights/models/")
    for said in (
        "Montant\u00a0: plus de prospects au-dessus de 20\u202f000 que pendant l’apprentissage (31 % au lieu de",
        "Non activée\u00a0: Erreur de calibration de 0,123",
        "Rien de ce qu’elle lit ne semble écrit après l’issue.",
        '<span lang="en">Nobody has translated this.</span>',
    ):
        assert said.replace("\u202f", "\u00a0") in page.replace("\u202f", "\u00a0")


def test_why_rows_and_jobs_failed_is_read_in_french() -> None:
    rejects = [
        {"file": "a.csv", "line": 3, "reason": "montant: 'dix' is not a number", "row": "1,dix"},
        {"file": "a.csv", "line": 4, "reason": "<i>: Nobody has translated this.", "row": "2,"},
    ]
    told = "a.csv: 1,234 leads read (1,230 new, 0 changed, 2 known already, 2 rejected), 9,000 rows a second."
    job = ImportJob.objects.create(
        filename="a.csv",
        status="FAILED",
        error="a.csv has no column '<b>'; did you mean 'b'?",
        messages=[{"text": told}],
        rejected=2,
        rejects=rejects,
    )
    client = staff()
    page = text(client, f"/ml-insights/data/imports/{job.pk}/")
    for said in (
        '<th scope="row">montant\u00a0: … n’est pas un nombre</th>',
        "<td>montant\u00a0: &#x27;dix&#x27; n’est pas un nombre</td>",
        '<td><span lang="en">&lt;i&gt;: Nobody has translated this.</span></td>',
        "a.csv n’a pas de colonne &#x27;&lt;b&gt;&#x27;\u00a0; vouliez-vous dire &#x27;b&#x27;\u00a0?",
        "a.csv\u00a0: prospects lus\u00a0: 1\u00a0234 (nouveaux\u00a0: 1\u00a0230, ",
    ):
        assert said in page.replace("\u202f", "\u00a0")
    job = ScoreJob.objects.create(status="FAILED", error="The worker stopped answering; start it again.")
    assert "Le processus ne répond plus\u00a0; relancez-le." in text(client, f"/ml-insights/score-jobs/{job.pk}")
    form = {"content": "leads", "ready": "", "own": "time_zone = 5", "file": SimpleUploadedFile("a.csv", b"id")}
    answer = client.post("/ml-insights/data/import", form, headers=FRENCH, follow=True)
    assert "inutilisable\u00a0: ligne 1\u00a0: time_zone\u00a0: il faut un texte." in answer.content.decode()


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


def test_days_of_the_word_that_was_kept_are_french() -> None:
    measured(a_version(is_active=True), QualityKind.REALISED, 90, WINDOW | {"since": "2026-09-04T00:00:00Z"})
    assert "4 sept. 2026" in text(sales(), "/ml-insights/quality/")
