"""What Prometheus sees of scoring."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from django.http import Http404
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.multiprocess import MultiProcessCollector
from rest_framework.exceptions import APIException

from common.answers import DEPENDENCY_ERRORS

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the number of series, and nobody reads them

PREDICTIONS = Counter("ml_predictions_total", "Predictions made.", ["model_version", "method", "action"])
LATENCY = Histogram(
    "ml_prediction_latency_seconds",
    "From the request for a prediction to its being stored, in seconds.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
BATCH_SIZE = Histogram(
    "ml_prediction_batch_size",
    "Leads or vectors that one request, or one chunk of a score job, scored at once.",
    ["door"],
    buckets=(1, 10, 100, 1000, 10_000, 25_000, 100_000),
)
TOGETHER = Histogram(
    "ml_prediction_callers_together",
    "Callers who waited for a prediction at the same time and were answered together.",
    buckets=(1, 2, 4, 8, 16, 32),
)
ERRORS = Counter("ml_prediction_errors_total", "Predictions that could not be made.", ["kind"])
SHADOW_ERRORS = Counter("ml_shadow_errors_total", "Times that a shadow version failed to score.", ["model_version"])
RULES = "none"
"""The value of the label model_version where the rules scored."""
SILENT = "experiment"
"""The value of the label model_version where a method of an arm not taken failed."""
OTHER = "other"
"""The value of the label model_version for versions beyond the first MOST_VERSIONS that a process has met."""
MOST_VERSIONS = 200

REFUSED = ("not_found", "invalid", "refused")
"""Kinds of errors that are the caller's."""
OURS = ("unavailable", "damaged_artefact", "error")
"""Kinds of errors that are ours: alerts count these."""
DOORS = ("batch", "job")

_versions: set[str] = {RULES, SILENT, OTHER}


def label_of(version: str | None) -> str:
    """The value of the label model_version: bounded, however many versions there have been."""
    name = version or RULES
    if name not in _versions:
        if len(_versions) >= MOST_VERSIONS:
            return OTHER
        _versions.add(name)
    return name


class watched:  # noqa: N801 - used as a function; a generator would cost each prediction twice as much
    """Times one request for a prediction, and counts it among the errors where nothing comes of it."""

    __slots__ = ("_began",)

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        LATENCY.observe(time.perf_counter() - self._began)
        if isinstance(error, Exception):
            ERRORS.labels(kind_of(error)).inc()


@contextlib.contextmanager
def counted_errors() -> Iterator[None]:
    """Counts by kind what goes wrong, and lets it go on."""
    try:
        yield
    except Exception as error:
        ERRORS.labels(kind_of(error)).inc()
        raise


def kind_of(error: Exception) -> str:
    """One of REFUSED or OURS."""
    if isinstance(error, DEPENDENCY_ERRORS):
        return "unavailable"
    if isinstance(error, Http404):
        return "not_found"
    if not isinstance(error, APIException):
        return "error"
    code = str(error.default_code)
    if code in (*REFUSED, *OURS):
        return code
    return "refused" if error.status_code < 500 else "unavailable" if error.status_code == 503 else "error"


def show_from_the_first_scrape() -> None:
    """Makes every metric exist at zero, so that a dashboard does not have to wait for the first prediction."""
    PREDICTIONS.labels(RULES, "RULE_BASED", "LOW_PRIORITY")
    SHADOW_ERRORS.labels(RULES)
    for kind in (*REFUSED, *OURS):
        ERRORS.labels(kind)
    for door in DOORS:
        BATCH_SIZE.labels(door)


def latency_buckets() -> list[tuple[float, float]]:
    """(upper bound in seconds, requests that took no longer) of all processes since they started, ascending."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    name = f"{LATENCY._name}_bucket"
    samples = (each for metric in registry.collect() for each in metric.samples if each.name == name)
    return sorted((float(each.labels["le"]), each.value) for each in samples)
