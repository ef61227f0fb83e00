"""What every page keeps to: logging in and out, errors that need no database, and scripts of our own only."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.template.loader import get_template, render_to_string
from django.test import Client
from django.utils.translation import override

from common.tests.people import a_person, sales

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ERRORS = ("400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html", "503.html")
MOST_COMPRESSED = 500_000


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_asks_nothing_of_the_database(name: str, rf: object) -> None:
    """Without the mark that opens the database, any statement would raise."""
    page = get_template(name).render({}, rf.get("/nowhere"))
    assert "<h1>" in page
    assert "Traceback" not in page


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_speaks_french_to_who_does(name: str, rf: object) -> None:
    with override("en"):  # a page in French that was asked for in this thread before leaves its language
        english = get_template(name).render({}, rf.get("/nowhere"))
    with override("fr"):
        french = get_template(name).render({}, rf.get("/nowhere"))
    for part in ("<title>", "<h1>", "<p>", 'class="button"'):
        said = re.escape(part) + "[^<]+"
        assert re.search(said, french)[0] != re.search(said, english)[0]


def test_what_cannot_be_read_is_answered_as_a_page_to_people_and_as_json_to_programs() -> None:
    client = Client(headers={"host": "evil.example"})
    page = client.get("/ml-insights/")
    assert (page.status_code, page.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert client.get("/api/ml/model/info").json()["type"] == "client_error"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_holds_an_inline_script_or_handler_or_style(path: Path) -> None:
    written = path.read_text()
    scripts = re.findall(r"<script([^>]*)>", written)
    assert all("src=" in attributes for attributes in scripts)
    assert not re.search(r"\son\w+=|javascript:|\sstyle=|<style", written)
    assert "//" not in re.sub(r"https?://www\.w3\.org\S*", "", " ".join(re.findall(r'(?:src|href)="([^"]*)"', written)))


def test_our_plotly_is_small_and_evaluates_nothing() -> None:
    bundle = (ROOT / "static/vendor/plotly-leadqual.min.js").read_bytes()
    others = b"".join(
        path.read_bytes() for path in [*(ROOT / "static/js").glob("*.js"), ROOT / "static/vendor/htmx.min.js"]
    )
    assert len(gzip.compress(bundle, 9)) + len(gzip.compress(others, 9)) < MOST_COMPRESSED
    assert not re.search(rb"new Function|[^\w.]eval\(", bundle)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/ml-insights/", "/accounts/login/", "/api/docs/", "/admin/login/", "/nowhere"])
def test_a_page_may_run_only_scripts_of_ours(address: str) -> None:
    response = sales().get(address)
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy.split("; ")  # django-csp's order differs from process to process
    assert "unsafe-eval" not in policy
    scripts = re.findall(r"<script([^>]*)>", response.content.decode())
    assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)


def test_htmx_is_told_to_evaluate_nothing() -> None:
    assert '"allowEval": false' in (ROOT / "templates/insights/base.html").read_text()
    written = "".join(path.read_text() for path in TEMPLATES)
    assert not re.search(r"hx-on|hx-vals=.js:|hx-trigger=\"[^\"]*\[", written)


@pytest.mark.django_db
def test_a_person_logs_in_and_out() -> None:
    User.objects.create_user("ada", password="correct horse")
    client = Client()
    page = client.post("/accounts/login/", {"username": "ada", "password": "wrong"}).content.decode()
    assert "do not go together" in page
    form = {"username": "ada", "password": "correct horse", "next": "/ml-insights/models/"}
    response = client.post("/accounts/login/", form)
    assert response.headers["Location"] == "/ml-insights/models/"
    assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert client.get("/ml-insights/").status_code == 302


@pytest.mark.django_db
def test_a_login_never_leads_to_another_site() -> None:
    User.objects.create_user("ada", password="correct horse")
    form = {"username": "ada", "password": "correct horse", "next": "https://evil.example/"}
    response = Client().post("/accounts/login/", form)
    assert response.headers["Location"] == "/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("permission", "first"),
    [
        ("predictions.view_prediction", "/ml-insights/"),
        ("models_registry.view_modelversion", "/ml-insights/models/"),
        ("leads.view_importjob", "/ml-insights/data/"),
        ("experiments.view_experiment", "/ml-insights/experiments/"),
    ],
)
def test_a_person_begins_at_the_first_page_that_the_person_may_see(permission: str, first: str) -> None:
    client = a_person(permission)
    assert client.get("/accounts/login/").headers["Location"] == "/"
    assert client.get("/").headers["Location"] == first
    assert client.get(first).status_code == 200
    refused = client.get("/ml-insights/data/" if first != "/ml-insights/data/" else "/ml-insights/")
    assert refused.status_code == 403
    assert f'<a class="button" href="{first}">' in refused.content.decode()


@pytest.mark.django_db
def test_who_may_see_no_page_is_told_whom_to_ask_and_can_log_out() -> None:
    client = a_person(name="ada")
    refused = client.get("/")
    assert refused.status_code == 403
    page = refused.content.decode()
    for words in (
        "Whoever runs leadqual here",
        "no page yet",
        "You are logged in as ada",
        'action="/accounts/logout/"',
    ):
        assert words in page
    assert 'class="button"' not in page
    assert a_person(name="grace", is_staff=True).get("/").headers["Location"] == "/admin/"


def test_the_first_address_asks_to_log_in() -> None:
    assert Client().get("/").headers["Location"] == "/accounts/login/"


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_refused_in_words() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("ada"))
    response = client.post("/ml-insights/leads/score")
    assert response.status_code == 403
    assert "send that again" in response.content.decode()


@pytest.mark.django_db
def test_every_page_has_a_title_a_way_to_its_content_and_one_first_heading() -> None:
    client = sales()
    for address in ("/ml-insights/", "/ml-insights/overview/", "/ml-insights/models/", "/ml-insights/quality/"):
        page = client.get(address).content.decode()
        assert re.search(r"<title>[^<]+ · leadqual</title>", page)
        assert 'href="#content"' in page
        assert page.count("<h1") == 1


def test_a_message_is_shown_as_text() -> None:
    assert "&lt;b&gt;" in render_to_string("base.html", {"messages": ["<b>"]})


OUTCOME, LEAD = "/ml-insights/leads/42/outcome", "http://testserver/ml-insights/leads/42/"


@pytest.mark.django_db
def test_a_button_after_the_session_ended_says_that_nothing_was_recorded_and_leads_back_to_its_page() -> None:
    client = Client(headers={"referer": f"{LEAD}?from=list"})
    answer = client.post(OUTCOME, {"converted": "yes"}, follow=True)
    assert answer.redirect_chain == [("/accounts/login/?next=/ml-insights/leads/42/%3Ffrom%3Dlist", 302)]
    assert "nothing was recorded" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("referer", ["", "https://evil.example/ml-insights/leads/42/", "javascript:alert(1)"])
def test_a_button_leads_back_to_pages_of_ours_only(referer: str) -> None:
    answer = Client(headers={"referer": referer} if referer else {}).post(OUTCOME)
    assert answer.headers["Location"] == f"/accounts/login/?next={settings.LOGIN_REDIRECT_URL}"


@pytest.mark.django_db
def test_a_part_of_a_page_asked_for_after_the_session_ended_sends_the_page_to_log_in() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/ml-insights/?action=CALL"}
    answer = Client().get("/ml-insights/?source=web", headers=headers)
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/ml-insights/%3Faction%3DCALL"
    assert answer.content == b""


@pytest.mark.django_db
def test_a_page_holds_the_sentence_for_what_was_not_answered() -> None:
    page = sales().get("/ml-insights/").content.decode()
    assert re.search(r'role="alert" data-unanswered="The server did not answer that[^"]+" hidden>', page)
