"""Training runs in the admin: start, watch, give up, read."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common.audit import AuditEntry
from common.jobs import JobStatus
from common.tests.people import a_person, staff
from leads.tests.cast import a_past
from models_registry.learning.boosting import LightGBM
from models_registry.models import TrainingRun, Trigger
from models_registry.tests.cards import a_training_run, a_version

pytestmark = pytest.mark.django_db
RUNS = "/admin/models_registry/trainingrun/"


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def reader() -> Client:
    return a_person("models_registry.view_trainingrun", is_staff=True)


def test_train_now_starts_a_run_and_leads_to_its_page() -> None:
    a_past(150)
    client = staff()
    assert "Train now" in text(client, RUNS)
    response = client.post(f"{RUNS}train/", {"algorithm": "auto", "notes": "spring"})
    run = TrainingRun.objects.get()
    assert response.headers["Location"] == f"{RUNS}{run.pk}/change/"
    assert (run.trigger, run.notes, run.started_by) == (Trigger.ADMIN, "spring", "staff-default")
    assert AuditEntry.objects.get().act == "training.start"


def test_a_second_run_and_too_little_to_learn_from_are_said_in_the_form() -> None:
    client = staff()
    assert "too little to learn from" in client.post(f"{RUNS}train/", {"algorithm": "auto"}).content.decode()
    a_past(150)
    a_training_run()
    assert "is under way" in client.post(f"{RUNS}train/", {"algorithm": "auto"}).content.decode()
    assert "Select a valid choice" in client.post(f"{RUNS}train/", {"algorithm": "oracle"}).content.decode()


def test_an_algorithm_that_this_machine_cannot_run_is_said_in_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LightGBM, "unavailable", lambda _: "LightGBM needs the library libgomp.so.1.")
    page = staff().post(f"{RUNS}train/", {"algorithm": "lightgbm"}).content.decode()
    assert "LightGBM needs the library libgomp.so.1." in page


def test_the_progress_of_a_run_moves_by_itself_until_it_ends() -> None:
    run = a_training_run()
    run.claim()
    run.report("growing", 0.4, "40 of 100 trees grown.")
    client = reader()
    assert f'data-follow="{RUNS}{run.pk}/progress/"' in text(client, f"{RUNS}{run.pk}/change/")
    assert 'value="0.400"' in text(client, f"{RUNS}{run.pk}/progress/")
    run.succeed(verdict="Not activated: worse.", evidence={"log_loss": {"p": 0.7212345678}})
    assert "data-finished" in text(client, f"{RUNS}{run.pk}/progress/")
    page = text(client, f"{RUNS}{run.pk}/change/")
    assert "data-follow" not in page
    for words in ("Not activated: worse.", "40 of 100 trees grown.", "log loss: p", "0.721235"):
        assert words in page


def test_a_run_is_cancelled_with_a_row_that_says_by_whom() -> None:
    run = a_training_run()
    client = staff()
    assert "Cancel this run" in text(client, f"{RUNS}{run.pk}/change/")
    client.post(f"{RUNS}{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.status == JobStatus.CANCELLED
    assert [(row.act, row.by) for row in AuditEntry.objects.all()] == [("training.cancel", "staff-default")]
    assert client.get(f"{RUNS}{run.pk}/cancel/").status_code == 405


def test_a_run_is_never_edited() -> None:
    run = a_training_run()
    client = staff()
    assert client.post(f"{RUNS}{run.pk}/change/", {"verdict": "fine"}).status_code == 403
    assert client.get(f"{RUNS}add/").status_code == 403
    assert client.post(f"{RUNS}{run.pk}/delete/", {"post": "yes"}).status_code == 403


def test_looking_does_not_permit_training() -> None:
    run = a_training_run()
    client = reader()
    assert "Train now" not in text(client, RUNS)
    assert client.get(f"{RUNS}train/").status_code == 403
    assert client.post(f"{RUNS}train/", {"algorithm": "auto"}).status_code == 403
    assert client.post(f"{RUNS}{run.pk}/cancel/").status_code == 403
    assert not AuditEntry.objects.exists()


def test_another_organisations_run_is_not_there() -> None:
    run = a_training_run(org_id="other")
    client = staff()
    assert client.get(f"{RUNS}{run.pk}/progress/").status_code == 404
    assert client.post(f"{RUNS}{run.pk}/cancel/").status_code == 404


def test_many_runs_take_as_many_statements_as_one() -> None:
    a_training_run(status=JobStatus.SUCCEEDED, version=a_version())
    client = reader()
    few = statements(client)
    for _ in range(49):
        a_training_run(status=JobStatus.SUCCEEDED, version=a_version(f"202602010000{_:02}"))
    assert statements(client) == few


def statements(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        text(client, RUNS)
    return len(captured)
