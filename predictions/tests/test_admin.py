"""Predictions in the admin: read-only, and quick however many there are."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.bounded import BoundedPaginator
from common.tests.people import a_person, admin
from experiments.models import Experiment, Exposure
from leads.models import Dossier
from leads.tests.cast import DAY, a_lead
from models_registry.tests.cards import a_version
from predictions.bulk import score_in_bulk
from predictions.models import Prediction, PredictionBatch, Quality, QualityKind, ScoreJob
from predictions.tests.scored import a_scored_lead

pytestmark = pytest.mark.django_db
PREDICTIONS, JOBS = "/admin/predictions/prediction/", "/admin/predictions/scorejob/"
QUALITY = "/admin/predictions/quality/"
VERSION = "20260101000000"


def reader(org_id: str = "default") -> Client:
    return a_person(
        "predictions.view_prediction",
        "predictions.view_scorejob",
        "experiments.view_exposure",
        "experiments.view_experiment",
        name=f"reader-{org_id}",
        org_id=org_id,
        is_staff=True,
    )


def text(client: Client, address: str = PREDICTIONS) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def shown(client: Client, query: str = "") -> list[int]:
    response = client.get(f"{PREDICTIONS}?{query}")
    assert response.status_code == 200
    return [row.dossier.number for row in response.context["cl"].result_list]


def test_a_prediction_is_shown_with_all_its_contributions() -> None:
    a_scored_lead(0.6, vector=[["appointments_count", 3, 0.4567], ["source", None, -0.05]])
    page = text(reader(), f"{PREDICTIONS}{Prediction.objects.get().pk}/change/")
    for words in ("appointments_count", "+45.67", "missing", "-5.00"):
        assert words in page


def test_nobody_changes_what_was_answered() -> None:
    a_scored_lead(0.6)
    client, key = admin(), Prediction.objects.get().pk
    assert client.get(f"{PREDICTIONS}add/").status_code == 403
    assert client.post(f"{PREDICTIONS}{key}/change/", {"conversion_probability": 1}).status_code == 403
    assert client.post(f"{PREDICTIONS}{key}/delete/", {"post": "yes"}).status_code == 403
    assert Prediction.objects.get().conversion_probability == 0.6


def test_predictions_are_found_by_the_leads_number() -> None:
    a_scored_lead(0.6, number=11)
    a_scored_lead(0.6, number=112)
    client = reader()
    assert shown(client, "q=11") == [11]
    for nothing in ("13", "x", "11 112", "9" * 30):
        assert shown(client, f"q={nothing}") == []


def test_predictions_are_found_by_version_and_time() -> None:
    a_version(VERSION)
    a_scored_lead(0.6, number=21, model_version=VERSION)
    a_scored_lead(0.6, number=22)
    old = a_scored_lead(0.6, number=23)
    Prediction.objects.filter(dossier=old).update(predicted_at=timezone.now() - 3 * DAY)
    client = reader()
    assert shown(client, f"version={VERSION}") == [21]
    assert shown(client, "version=rules") == [22, 23]
    assert shown(client, "within=day") == [22, 21]


def test_another_organisations_predictions_are_not_there() -> None:
    a_scored_lead(0.6, number=31, org_id="other")
    key = Prediction.objects.get().pk
    client = reader()
    assert shown(client) == []
    assert shown(client, "q=31") == []
    assert client.get(f"{PREDICTIONS}{key}/change/").status_code == 302
    assert shown(reader("other")) == [31]


def test_no_list_counts_all_its_rows() -> None:
    a_scored_lead(0.6)
    client = reader()
    with CaptureQueriesContext(connection) as captured:
        text(client)
    counts = [query["sql"] for query in captured if "COUNT(*)" in query["sql"] and "ml_prediction" in query["sql"]]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)


def test_the_count_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        a_scored_lead(0.6)
    monkeypatch.setattr("common.bounded.MOST", 3)
    assert BoundedPaginator(Dossier.objects.order_by("pk"), 2).count == 3


def test_fifty_predictions_take_as_many_statements_as_one() -> None:
    a_scored_lead(0.6)
    client = reader()
    few = statements(client)
    for _ in range(49):
        a_scored_lead(0.6)
    assert statements(client) == few


def statements(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        text(client)
    return len(captured)


def test_score_jobs_are_read() -> None:
    job = ScoreJob.objects.create(total=10, scored=4, progress=0.4, started_by="schedule")
    client = reader()
    assert "40%" in text(client, JOBS)
    assert "schedule" in text(client, f"{JOBS}{job.pk}/change/")
    assert client.post(f"{JOBS}{job.pk}/change/", {"total": 1}).status_code == 403


def test_experiments_and_exposures_are_read() -> None:
    lead = a_scored_lead(0.6, number=41)
    experiment = Experiment.objects.create(name="ML vs rules", control_method="RULE_BASED", treatment_method="ML")
    Exposure.objects.create(experiment=experiment, dossier=lead, variant="treatment", first_at=timezone.now())
    client = reader()
    assert "ML vs rules" in text(client, "/admin/experiments/experiment/")
    assert "treatment" in text(client, "/admin/experiments/exposure/")
    assert client.get("/admin/experiments/experiment/add/").status_code == 403


def test_what_was_measured_is_read_and_never_edited() -> None:
    figures = {"leads": 1_200, "roc_auc": 0.7123, "log_loss": 0.5, "calibration_error": None}
    for org_id in ("default", "other"):
        values = {"version": VERSION, "kind": QualityKind.REALISED, "window_days": 30, "at": timezone.now()}
        Quality.objects.create(org_id=org_id, figures=figures, **values)
    client = a_person("predictions.view_quality", name="measurer", is_staff=True)
    page = text(client, QUALITY)
    assert page.count("1,200") == 1
    for words in ("0.712", "0.500", "–"):
        assert words in page
    own = Quality.objects.of("default").get().pk
    assert text(client, f"{QUALITY}{own}/change/")
    owner = admin()
    assert owner.post(f"{QUALITY}{own}/delete/", {"post": "yes"}).status_code == 403
    assert owner.get(f"{QUALITY}add/").status_code == 403


def test_values_stand_alone_where_the_model_that_weighed_them_is_no_longer_kept() -> None:
    a_lead(timezone.now() - DAY, source="website")
    score_in_bulk(org_id="default", leads=Dossier.objects.all())
    row = Prediction.objects.get()
    PredictionBatch.objects.update(model_version=VERSION)  # of which there is no artefact
    page = text(reader(), f"{PREDICTIONS}{row.pk}/change/")
    assert "its model is no longer kept" in page
    assert "appointments_count" in page
