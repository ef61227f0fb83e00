"""What Prometheus sees of scoring."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.multiprocess import MultiProcessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the number of series, and nobody reads them

PREDICTIONS = Counter("ml_predictions_total", "Predictions made.", ["model_version", "method", "action"])
LATENCY = Histogram(
    "ml_prediction_latency_seconds",
    "From the request for a prediction to its being stored, in seconds.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
ERRORS = Counter("ml_prediction_errors_total", "Predictions that could not be made.", ["kind"])
SHADOW_ERRORS = Counter("ml_shadow_errors_total", "Times that a shadow version failed to score.", ["model_version"])
RULES = "none"
"""The value of the label model_version where the rules scored."""
SILENT = "experiment"
"""The value of the label model_version where a method of an arm not taken failed."""


def show_from_the_first_scrape() -> None:
    """Makes every metric exist at zero, so that a dashboard does not have to wait for the first prediction."""
    PREDICTIONS.labels(RULES, "RULE_BASED", "LOW_PRIORITY")
    ERRORS.labels("none")
    SHADOW_ERRORS.labels(RULES)


def latency_buckets() -> list[tuple[float, float]]:
    """(upper bound in seconds, requests that took no longer) of all processes since they started, ascending."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    name = f"{LATENCY._name}_bucket"
    samples = (each for metric in registry.collect() for each in metric.samples if each.name == name)
    return sorted((float(each.labels["le"]), each.value) for each in samples)
