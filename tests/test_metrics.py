"""What Prometheus is shown is complete, bounded, and there whatever is away."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import Min
from django.test import Client
from django_celery_beat.models import PeriodicTask
from prometheus_client import REGISTRY
from rest_framework.exceptions import NotFound, ValidationError

from common.errors import Conflict, Unavailable
from experiments.tests.cast import an_experiment
from leads.tests.cast import a_lead
from models_registry.artefacts import DamagedArtefact
from models_registry.models import Alarm, ModelArtefact, ModelVersion
from models_registry.monitoring import TimedStages
from predictions import monitoring
from predictions.jobs import run_score_job, start_score_job
from tests.cast import Caller

pytestmark = pytest.mark.django_db


def shown() -> str:
    """The whole page."""
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    return answer.content.decode()


def value(name: str, **labels: str) -> float:
    """A sample of this process."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def value_of(text: str, sample: str) -> float:
    """A sample of the page."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert found, sample
    return float(found[1])


def an_active_version(org_id: str = "default") -> ModelVersion:
    """A row without anything behind it."""
    importance = [{"feature": f"feature {number}", "importance": 1 / 50} for number in range(50)]
    metrics = {"roc_auc": 0.8, "accuracy": 0.75}
    return ModelVersion(
        org_id=org_id, version="20260101000000", is_active=True, metrics=metrics, importance=importance, digest="0" * 64
    )


@pytest.fixture
def crm() -> Caller:
    return Caller()


def test_the_contracts_three_are_there_from_the_first_scrape() -> None:
    text = shown()
    assert 'ml_predictions_total{action="LOW_PRIORITY",method="RULE_BASED",model_version="none"}' in text
    assert 'ml_prediction_latency_seconds_bucket{le="2.0"}' in text
    assert 'ml_model_training_total{status="FAILED"} 0.0' in text


def test_no_metric_is_shown_twice() -> None:
    names = re.findall(r"^# TYPE (\S+)", shown(), re.MULTILINE)
    assert len(names) == len(set(names))


def test_the_active_version_shows_age_card_and_importances() -> None:
    version = an_active_version()
    version.save()
    text, labels = shown(), f'{{org="default",version="{version.version}"}}'
    assert value_of(text, "ml_active_models") == 1
    assert value_of(text, f"ml_active_model_age_seconds{labels}") > 0
    assert value_of(text, f"ml_model_card_roc_auc{labels}") == pytest.approx(version.metrics["roc_auc"])
    assert 0 < text.count("\nml_feature_importance{") <= 20


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotFound(), "not_found"),
        (ValidationError(), "invalid"),
        (Conflict("no"), "refused"),
        (Unavailable(), "unavailable"),
        (OperationalError(), "unavailable"),
        (DamagedArtefact(), "damaged_artefact"),
        (ZeroDivisionError(), "error"),
    ],
)
def test_an_error_has_one_of_a_few_kinds(error: Exception, kind: str) -> None:
    assert monitoring.kind_of(error) == kind


def test_errors_are_counted_by_kind_and_go_on(crm: Caller) -> None:
    before = value("ml_prediction_errors_total", kind="not_found")
    assert crm.post("/api/ml/predict/404404").status_code == 404
    assert value("ml_prediction_errors_total", kind="not_found") == before + 1


def test_a_damaged_artefact_is_counted_as_an_error_of_ours(crm: Caller) -> None:
    version = an_active_version()
    version.save()
    ModelArtefact.objects.create(version=version, content=b"not what was stored")
    lead = a_lead()
    errors, loads = (
        value("ml_prediction_errors_total", kind="damaged_artefact"),
        value("ml_model_loads_total", result="damaged"),
    )
    assert crm.post(f"/api/ml/predict/{lead.number}").status_code == 503
    assert value("ml_prediction_errors_total", kind="damaged_artefact") == errors + 1
    assert value("ml_model_loads_total", result="damaged") == loads + 1


def test_batches_and_chunks_tell_their_size(crm: Caller) -> None:
    before = {door: value("ml_prediction_batch_size_sum", door=door) for door in monitoring.DOORS}
    assert crm.post("/api/v1/predict/batch", {"batch": [{"features": {}}] * 3}).status_code == 200
    for number in range(2):
        a_lead(number=number + 1)
    run_score_job(start_score_job(org_id="default", by="tester", criteria={}))
    assert value("ml_prediction_batch_size_sum", door="batch") == before["batch"] + 3
    assert value("ml_prediction_batch_size_sum", door="job") == before["job"] + 2


def test_a_stage_is_timed_when_the_next_begins() -> None:
    before = value("ml_training_stage_seconds_count", stage="growing")
    told: list[str] = []
    report = TimedStages(lambda stage, progress, message: told.append(stage))
    for stage in ("growing", "growing", "unheard of", "calibrating"):
        report(stage, 0.5)
    report.end()
    assert told == ["growing", "growing", "unheard of", "calibrating"]
    assert value("ml_training_stage_seconds_count", stage="growing") == before + 1
    assert not value("ml_training_stage_seconds_count", stage="unheard of")


def test_the_sample_ratio_is_the_one_that_was_last_counted() -> None:
    experiment = an_experiment()
    sample = f'ml_experiment_sample_ratio_p_value{{experiment="{experiment.pk}",org="default"}}'
    assert sample not in shown()
    experiment.sample_ratio = 0.0004
    experiment.save()
    assert value_of(shown(), sample) == 0.0004
    assert value_of(shown(), 'ml_experiments{status="RUNNING"}') == 1


def test_alarms_queue_jobs_connections_and_data_are_shown() -> None:
    from django.utils import timezone

    Alarm.objects.create(kind="DRIFT", words="moved", raised_at=timezone.now())
    start_score_job(org_id="default", by="tester", criteria={})
    a_lead()
    text = shown()
    assert value_of(text, 'ml_open_alarms{kind="DRIFT"}') == 1
    assert value_of(text, 'ml_open_alarms{kind="CALIBRATION"}') == 0
    assert value_of(text, 'ml_job_waiting_seconds{kind="score"}') > 0
    assert value_of(text, 'ml_job_waiting_seconds{kind="training"}') == 0
    assert value_of(text, 'ml_queue_depth{queue="celery"}') >= 0
    assert value_of(text, 'ml_database_connections{state="active"}') >= 1
    assert value_of(text, "ml_database_connections_limit") >= 10
    assert value_of(text, "ml_cache_memory_bytes") > 0
    assert value_of(text, "ml_data_newest_timestamp_seconds") > 0


def test_beat_that_never_handed_out_a_task_is_silent_since_its_schedules_were_made() -> None:
    made = PeriodicTask.objects.aggregate(made=Min("date_changed"))["made"]
    assert not PeriodicTask.objects.filter(last_run_at__isnull=False).exists()
    assert value_of(shown(), "ml_beat_last_task_timestamp_seconds") == pytest.approx(made.timestamp())
    PeriodicTask.objects.filter(name="Train models").update(last_run_at=made - timedelta(hours=1))
    assert value_of(shown(), "ml_beat_last_task_timestamp_seconds") == pytest.approx(made.timestamp() - 3600)


def test_labels_of_versions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "_versions", {"none", "experiment", "other"})
    met = {monitoring.label_of(f"{number:014d}") for number in range(5000)}
    assert len(met) <= monitoring.MOST_VERSIONS
    assert monitoring.label_of("99999999999999") == "other"
    assert monitoring.label_of("00000000000000") == "00000000000000"  # whoever was met keeps the name
    assert monitoring.label_of(None) == "none"


def test_a_thousand_organisations_do_not_make_a_thousand_series() -> None:
    ModelVersion.objects.bulk_create(an_active_version(f"org-{number}") for number in range(1000))
    text = shown()
    assert value_of(text, "ml_active_models") == 1000
    assert text.count("\nml_active_model_age_seconds{") == 200
    assert text.count("\nml_feature_importance{") == 200 * 20


def test_whatever_server_is_away_the_rest_is_shown(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    def refuse() -> None:
        raise OperationalError("away")

    monkeypatch.setattr("django.db.connection.ensure_connection", refuse)
    text = shown()
    assert value_of(text, "ml_database_up") == 0
    assert "ml_predictions_total{" in text
    assert "\nml_cache_memory_bytes " not in text
    assert "ml_active_models" not in text


def test_requests_are_counted_by_view_and_by_what_was_answered(crm: Caller) -> None:
    lead, view = a_lead(), "predictions.api.views.Predict"
    answers, latency = "django_http_responses_total_by_status_view_method_total", {"view": view, "method": "POST"}
    counted = "django_http_requests_latency_seconds_by_view_method_count"
    before = [value(answers, status=status, **latency) for status in ("200", "404")], value(counted, **latency)
    for number in (lead.number, lead.number, 9_999_999):
        crm.post(f"/api/ml/predict/{number}")
    after = [value(answers, status=status, **latency) for status in ("200", "404")], value(counted, **latency)
    assert [new - old for new, old in zip(after[0], before[0], strict=True)] == [2, 1]
    assert after[1] - before[1] == 3


def test_an_address_that_does_not_exist_and_a_made_up_method_add_no_series_of_their_own() -> None:
    for number in range(3):
        Client().generic(f"MADEUP{number}", f"/nowhere/{number}")
    assert value(
        "django_http_requests_latency_seconds_by_view_method_count", view="<no view>", method="<invalid method>"
    )
    assert "MADEUP" not in shown()


def test_an_error_that_no_view_expected_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("leadqual.health.JsonResponse", fail)
    name, sort = "django_http_exceptions_total_by_type_total", {"type": "ZeroDivisionError"}
    before = value(name, **sort)
    assert Client(raise_request_exception=False).get("/health/live").status_code == 500
    assert value(name, **sort) == before + 1
