"""The data page: how new, how complete and how trustworthy what comes in is, and what to do about it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.audit import AuditEntry
from common.jobs import JobStatus
from common.tests.people import a_person, sales, staff
from insights.freshness import freshness_of
from insights.missing import is_more, missing_rates
from insights.tests.test_quality_page import DRIFT, OF_A_HANDFUL, measured
from leads.importing import jobs
from leads.models import ImportJob, Organisation
from leads.tests.cast import DAY, HOUR, a_lead, a_message, a_property, an_attribute, an_outcome
from models_registry.models import ReleasedAttribute
from models_registry.tests.cards import a_version
from predictions.models import Quality, QualityKind

pytestmark = pytest.mark.django_db
PAGE = "/ml-insights/data/"
VERSION = "20260101000000"
LEAK: dict[str, Any] = {
    "feature": "attributes.tags",
    "availability": "unknown",
    "auc_alone": 0.95,
    "auc_with": 0.98,
    "auc_without": 0.88,
    "verdict": "suspect",
    "words": "tags looks like a leak.",
}
REJECTS = [
    {"file": "a.csv", "line": 3, "reason": "created_at: 'soon' is not a time of the form iso", "row": "1,<b>soon</b>"},
    {
        "file": "a.csv",
        "line": 9,
        "reason": 'created_at: "it\'s later" is not a time of the form iso',
        "row": "=2,later",
    },
    {"file": "a.csv", "line": 10, "reason": "id: nobody knows", "row": ",x"},
]


def text(client: Client, address: str = PAGE, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def now() -> datetime:
    return timezone.now()


def a_job(**fields: Any) -> ImportJob:
    told = {"filename": "a.csv", "status": JobStatus.SUCCEEDED, "rows": 20, "accepted": 17, "rejected": 3}
    return ImportJob.objects.create(**told | {"rejects": REJECTS} | fields)


def test_without_leads_the_page_says_what_to_do() -> None:
    assert "Send a file of leads below" in text(staff())
    assert "Once leads come in" in text(a_person("leads.view_importjob"))


def test_a_salesperson_has_no_such_page() -> None:
    client = sales()
    assert client.get(PAGE).status_code == 403
    assert f'href="{PAGE}"' not in text(client, "/ml-insights/")


def test_the_last_of_each_kind_is_told_as_of_a_moment() -> None:
    at = now()
    lead = a_lead(at - 2 * DAY)
    a_message(lead, at - DAY)
    a_message(lead, at + DAY)
    an_outcome(a_lead(at - 40 * DAY), True, at - 5 * DAY)
    fresh = freshness_of(Organisation.get("default"), at)
    assert (fresh.leads, fresh.this_week) == (2, 1)
    assert (fresh.lead, fresh.message, fresh.outcome) == (at - 2 * DAY, at - DAY, at - 5 * DAY)
    assert fresh.appointment is None


def test_a_crm_that_has_fallen_silent_is_noticed() -> None:
    a_lead(now() - 6 * DAY)
    page = text(staff())
    assert "Is the CRM still sending?" in page
    assert "longer than three days" in page


def test_what_came_in_within_the_minute_came_just_now() -> None:
    a_lead(now())
    assert "The newest lead: just now" in text(staff())


def test_leads_of_today_are_fresh() -> None:
    a_lead(now() - 2 * HOUR)
    page = text(staff())
    assert "The newest lead: 2 hours ago" in page
    assert "longer than three days" not in page


def test_missing_fields_are_counted_among_leads_own_their_propertys_and_attributes() -> None:
    lead = a_lead(now() - DAY, source="website")
    a_lead(now() - DAY)
    a_property(lead, city=None)
    an_attribute(lead, "budget", 5)
    an_attribute(lead, "mood", None)
    rates = missing_rates(Organisation.get("default"), now())
    told = {each.feature: each.now for each in rates.fields}
    assert (rates.newest, rates.earlier) == (2, 0)
    assert (told["source"], told["city"], told["property_price"], told["attributes.budget"]) == (0.5, 1.0, 0.5, 0.5)
    assert "attributes.mood" not in told


def test_where_no_lead_came_before_the_newest_nothing_is_set_against_them() -> None:
    an_attribute(a_lead(now() - DAY), "budget", 1)
    a_lead(now() - DAY)
    answer = staff().get(PAGE)
    assert "Nothing can be said of empty fields yet" in answer.content.decode()
    assert "There are too few to set the newest against those before." in answer.content.decode()
    _bars, marks = answer.context["page"].missing_figure.plot["data"]
    assert set(marks["x"]) == {None}


@pytest.mark.parametrize(
    ("of_newest", "of_before", "expected"),
    [((50, 100), (100, 1000), True), ((12, 100), (100, 1000), False), ((5, 100), (900, 1000), False)],
)
def test_a_field_is_emptier_only_beyond_chance(
    of_newest: tuple[int, int], of_before: tuple[int, int], expected: bool
) -> None:
    assert is_more(of_newest, of_before) is expected


def test_drift_by_feature_stands_in_a_figure_and_a_table() -> None:
    a_lead(now() - HOUR)
    measured(a_version(VERSION, is_active=True), QualityKind.DRIFT, 30, DRIFT)
    page = text(staff())
    assert "1 thing moved since training" in page
    assert "Amount: more leads above 20,000" in page
    assert '<script id="figure-shifts" type="application/json">' in page


def test_where_hardly_a_lead_comes_any_more_nothing_says_that_they_are_as_ever() -> None:
    a_lead(now() - HOUR)
    measured(a_version(VERSION, is_active=True), QualityKind.DRIFT, 30, OF_A_HANDFUL)
    client = staff()
    for figures in (OF_A_HANDFUL, DRIFT | {"leads": 0, "features": [], "reasons": {"all": "no_new_leads"}}):
        Quality.objects.update(figures=figures)
        page = text(client)
        assert "Too few leads have come lately to say whether they have changed" in page
        assert "Leads are still like" not in page


def test_a_shift_too_small_to_matter_is_said_and_does_not_count() -> None:
    a_lead(now() - HOUR)
    small = {"feature": "attributes.first_buyer", "verdict": "slight", "words": ["First buyer: more often unknown"]}
    small |= {"reason": None}
    large = {"feature": "city", "words": ["City: more of Lyon", "City: more often unknown"]}
    amount, steady = DRIFT["features"]
    measured(a_version(VERSION, is_active=True), QualityKind.DRIFT, 30, DRIFT | {"features": [steady | small]})
    client = staff()
    page = text(client)
    assert "Leads are still like those the model learnt from" in page
    assert "First buyer: more often unknown" in page
    Quality.objects.update(figures=DRIFT | {"features": [amount, amount | large, steady | small]})
    assert "2 things moved since training" in text(client)


def test_imports_stand_there_with_what_they_rejected() -> None:
    a_lead(now() - HOUR)
    job = a_job()
    page = text(staff())
    assert "The last import rejected 3 of 20 rows" in page
    assert f'href="{PAGE}imports/{job.pk}/"' in page


def test_an_imports_page_says_why_rows_were_rejected_the_commonest_reason_first() -> None:
    job = a_job()
    page = text(staff(), f"{PAGE}imports/{job.pk}/")
    first, second = (
        page.index(words)
        for words in (
            'created_at: … is not a time of the form iso</th><td class="number">2',
            '<span lang="en">id: nobody knows</span></th><td class="number">1',
        )
    )
    assert first < second
    assert "1,&lt;b&gt;soon&lt;/b&gt;" in page
    assert staff("other").get(f"{PAGE}imports/{job.pk}/").status_code == 404


def test_rejected_rows_are_kept_as_a_file_that_no_spreadsheet_runs() -> None:
    answer = staff().get(f"{PAGE}imports/{a_job().pk}/rejects")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        answer.content.decode().splitlines()[2]
        == 'a.csv,9,"created_at: ""it\'s later"" is not a time of the form iso","\'=2,later"'
    )


def test_the_fragment_of_an_import_moves_and_says_when_it_is_over() -> None:
    job = a_job(status=JobStatus.QUEUED, rejects=[])
    client, address = staff(), f"{PAGE}imports/{job.pk}/progress"
    job.claim()
    job.report("leads", 0.4)
    assert 'value="40"' in text(client, address)
    assert f'data-follow="{address}"' in text(client, f"{PAGE}imports/{job.pk}/")
    job.succeed(rows=3, accepted=3, rejected=0)
    assert "data-finished" in text(client, address)
    assert "Every row was taken" in text(client, f"{PAGE}imports/{job.pk}/")


def test_a_file_without_a_row_is_not_said_to_be_taken() -> None:
    job = a_job(rows=0, accepted=0, rejected=0, rejects=[])
    page = text(staff(), f"{PAGE}imports/{job.pk}/")
    assert "The file has no row below its head" in page
    assert "Every row was taken" not in page


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> list[str]:
    """The jobs that a worker would be given."""
    settings.MEDIA_ROOT = tmp_path / "media"
    sent: list[str] = []
    monkeypatch.setattr(jobs.current_app, "send_task", lambda name, args: sent.append(args[0]))
    return sent


def upload(client: Client, rows: bytes = b"id,created_at\n1,2026-06-01\n", **fields: str) -> Any:
    form = {"content": "leads", "ready": "", "own": ""} | fields
    return client.post(f"{PAGE}import", form | {"file": SimpleUploadedFile("a.csv", rows)}, follow=True)


def test_a_file_is_taken_from_the_page(queued: list[str], django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(staff())
    job = ImportJob.objects.get()
    assert queued == [str(job.pk)]
    assert (job.filename, job.started_by) == ("a.csv", "staff-default")
    assert answer.redirect_chain[-1][0] == f"{PAGE}imports/{job.pk}/"


def test_each_way_of_naming_columns_is_offered_once() -> None:
    offered = text(staff()).partition('name="ready"')[2].partition("</select>")[0]
    assert "as the API names fields" in offered
    assert 'value="bank_marketing"' in offered
    assert 'value="contract"' not in offered  # which is how the API names fields


def test_a_file_that_cannot_be_taken_is_said(queued: list[str]) -> None:
    client = staff()
    assert "The mapping cannot be used" in upload(client, own="nonsense = [").content.decode()
    assert "The file is empty." in upload(client, b"").content.decode()
    assert "Choose a file." in client.post(f"{PAGE}import", {"content": "leads"}, follow=True).content.decode()
    assert not ImportJob.objects.exists()


def test_a_suspect_is_released_with_a_reason_and_kept_out_again() -> None:
    a_lead(now() - HOUR)
    a_version(VERSION, card={"leakage": [LEAK]})
    client = staff()
    assert "1 attribute is kept out as a possible leak: tags" in text(client)
    assert "Release Tags?" in text(client, f"{PAGE}release?attribute=tags")
    form = {"attribute": "tags", "reason": ""}
    assert client.post(f"{PAGE}release", form).status_code == 400
    client.post(f"{PAGE}release", form | {"reason": "filled by the form"})
    assert ReleasedAttribute.objects.get().by == "staff-default"
    page = text(client)
    assert "No attribute waits to be looked at" in page
    assert "filled by the form" in page
    client.post(f"{PAGE}withdraw", {"attribute": "tags"})
    assert [row.act for row in AuditEntry.objects.order_by("pk")] == ["leakage.release", "leakage.withdraw"]
    assert client.get(f"{PAGE}release?attribute=other").status_code == 404


def test_an_analyst_sees_suspects_and_releases_none() -> None:
    a_lead(now() - HOUR)
    a_version(VERSION, card={"leakage": [LEAK]})
    client = a_person("leads.view_importjob")
    assert "tags looks like a leak." in text(client)
    assert f"{PAGE}release" not in text(client)
    assert client.get(f"{PAGE}release?attribute=tags").status_code == 403
    assert client.post(f"{PAGE}release", {"attribute": "tags", "reason": "x"}).status_code == 403


def test_the_page_takes_fewer_than_twenty_statements_and_speaks_french() -> None:
    a_lead(now() - 2 * HOUR)
    measured(a_version(VERSION, is_active=True, card={"leakage": [LEAK]}), QualityKind.DRIFT, 30, DRIFT)
    for _ in range(3):
        a_job(created_at=now() - timedelta(hours=1))
    client = staff()
    with CaptureQueriesContext(connection) as captured:
        page = text(client, **{"accept-language": "fr"})
    assert len(captured) < 20
    for words in ("Peut-on se fier", "Le prospect le plus récent : il y a 2 heures", "Bien avec photos"):
        assert words in page


def test_an_import_that_failed_says_what_to_do() -> None:
    job = a_job(status=JobStatus.FAILED, error="a.csv has no column 'dossier_id'", rejects=[])
    page = text(staff(), f"{PAGE}imports/{job.pk}/")
    assert "no column &#x27;dossier_id&#x27;" in page
    assert "rename it in the file, or choose" in page
