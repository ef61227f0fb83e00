"""What Prometheus sees of models and of what is learnt: read from the database at each scrape."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from common.jobs import Job, JobStatus
from leadqual.living_metrics import LABELS, MOST_FEATURES
from models_registry.models import Alarm, AlarmKind, ModelVersion, TrainingRun
from predictions.living import MOST_ORGANISATIONS
from predictions.models import ScoreJob

CARD = {
    "ml_model_card_roc_auc": ("roc_auc", "ROC-AUC of the active version by its card: on leads that came later."),
    "ml_model_card_accuracy": ("accuracy", "Accuracy of the active version by its card."),
}


class JobsByStatus(Collector):
    """Training runs and score jobs by status, counted where they are kept: workers run on other machines."""

    def collect(self) -> Iterator[Metric]:
        """Two counters, each status from the first scrape on."""
        yield _by_status("ml_model_training_total", "Training runs.", TrainingRun)
        yield _by_status("ml_score_jobs_total", "Score jobs.", ScoreJob)


def _by_status(name: str, words: str, job: type[Job]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, words, labels=["status"])
    counts = dict(job._default_manager.order_by().values_list("status").annotate(Count("pk")))
    for status in JobStatus.values:
        family.add_metric([status], counts.get(status, 0))
    return family


class ActiveVersions(Collector):
    """The active version of each organisation, the newest where there are many: its age, card and importances."""

    def collect(self) -> Iterator[Metric]:
        """Each gauge known to exist from the first scrape on."""
        active = ModelVersion.objects.active().order_by("-created_at")
        yield GaugeMetricFamily("ml_active_models", "Organisations that a model scores.", value=active.count())
        versions = list(active.only("org_id", "version", "created_at", "metrics", "importance")[:MOST_ORGANISATIONS])
        yield _ages(versions)
        for name, (key, words) in CARD.items():
            yield _from_card(versions, name, key, words)
        yield _importances(versions)


def _ages(versions: list[ModelVersion]) -> GaugeMetricFamily:
    family = GaugeMetricFamily("ml_active_model_age_seconds", "Since the active version was learnt.", labels=LABELS)
    now = timezone.now()
    for version in versions:
        family.add_metric([version.org_id, version.version], (now - version.created_at).total_seconds())
    return family


def _from_card(versions: list[ModelVersion], name: str, key: str, words: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=LABELS)
    for version in versions:
        if version.metrics.get(key) is not None:
            family.add_metric([version.org_id, version.version], version.metrics[key])
    return family


def _importances(versions: list[ModelVersion]) -> GaugeMetricFamily:
    words = "What a feature carries of the active version's scores, summing to 1: the twenty largest."
    family = GaugeMetricFamily("ml_feature_importance", words, labels=["feature", *LABELS])
    for version in versions:
        for each in version.importance[:MOST_FEATURES]:
            family.add_metric([each["feature"], version.org_id, version.version], each["importance"])
    return family


class Alarms(Collector):
    """What was noticed of active versions and still is, and neither training nor another calibration has answered."""

    def collect(self) -> Iterator[Metric]:
        """One gauge, each kind from the first scrape on."""
        family = GaugeMetricFamily("ml_open_alarms", "Alarms that wait for an answer.", labels=["kind"])
        counts = dict(Alarm.objects.unanswered().order_by().values_list("kind").annotate(Count("pk")))
        for kind in AlarmKind.values:
            family.add_metric([kind], counts.get(kind, 0))
        yield family
