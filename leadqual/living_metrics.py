"""What Prometheus sees of living figures and drift: the last measurement of each organisation's active version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from predictions.living import Living, newest_living

LABELS = ["org", "version"]
WINDOW_DAYS = 90
MOST_FEATURES = 20
REALISED = {
    "ml_model_realised_accuracy": ("accuracy", "Share of what was said in the last 90 mature days that came true."),
    "ml_model_realised_roc_auc": ("roc_auc", "ROC-AUC of what was said in the last 90 mature days."),
    "ml_model_realised_log_loss": ("log_loss", "Log loss of what was said in the last 90 mature days, in nats."),
    "ml_model_realised_calibration_error": (
        "calibration_error",
        "How far the probabilities of the last 90 mature days were off, on average.",
    ),
}


class LivingFigures(Collector):
    """Gauges of stored rows; a figure that could not be computed has no sample."""

    def collect(self) -> Iterator[Metric]:
        """All gauges, each known to exist from the first scrape on."""
        measured = newest_living(at=timezone.now())
        for name, (key, words) in REALISED.items():
            yield _gauge(name, words, ((each, _window(each).get(key)) for each in measured))
        estimates = ((each, (each.estimated or {}).get("roc_auc")) for each in measured)
        yield _gauge("ml_model_estimated_roc_auc", "ROC-AUC to be expected of the leads that are pending.", estimates)
        scores = ((each, _psi((each.drift or {}).get("score"))) for each in measured)
        yield _gauge("ml_score_drift_psi", "Population stability index of the score against training.", scores)
        yield _features(measured)


def _window(living: Living) -> Mapping[str, Any]:
    return next((window for window in living.realised if window["window_days"] == WINDOW_DAYS), {})


def _psi(found: Mapping[str, Any] | None) -> float | None:
    return found["psi"]["psi"] if found and found["psi"] else None


def _gauge(name: str, words: str, values: Iterable[tuple[Living, float | None]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=LABELS)
    for living, value in values:
        if living.version is not None and value is not None:
            family.add_metric([living.version.org_id, living.version.version], value)
    return family


def _features(measured: list[Living]) -> GaugeMetricFamily:
    """The features that moved most: so many at most, that the number of series stays bounded."""
    words = "Population stability index of a feature against training: the twenty largest."
    family = GaugeMetricFamily("ml_feature_drift_psi", words, labels=["feature", *LABELS])
    for living in measured:
        version = living.version
        known = [(each["feature"], _psi(each)) for each in (living.drift or {}).get("features", [])]
        largest = sorted(((psi, name) for name, psi in known if psi is not None), reverse=True)[:MOST_FEATURES]
        for psi, name in largest:
            if version is not None:
                family.add_metric([name, version.org_id, version.version], psi)
    return family
