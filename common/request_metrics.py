"""What Prometheus sees of requests: of django-prometheus's measures those that somebody looks at.

It has twenty, most of them the same count by another label; each is a series to write with every request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django_prometheus.middleware import Metrics

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Measures(Metrics):  # type: ignore[misc]
    """Answers by status, view and method, how long they took by view and method, and errors that no view expected."""

    WANTED: ClassVar = {
        "django_http_requests_latency_seconds_by_view_method",
        "django_http_responses_total_by_status_view_method",
        "django_http_exceptions_total_by_type",
    }

    def register_metric(self, metric_cls: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        """Shows it to Prometheus where it is wanted; else there is none."""
        return super().register_metric(metric_cls, name, *args, **kwargs) if name in self.WANTED else None


class RequestMetrics:
    """Counts each request. Series are looked up once: there are as many as views, and what those answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._measures = Measures.get_instance()
        self._series: dict[tuple[str, ...], tuple[Any, Any]] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on, and counts its answer."""
        began = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        view, method = _view_of(request), request.method if request.method in METHODS else "<invalid method>"
        latency, answers = self._of(str(response.status_code), view, method)
        latency.observe(seconds)
        answers.inc()
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Counts an error that no view expected."""
        self._measures.exceptions_by_type.labels(type=type(exception).__name__).inc()

    def _of(self, status: str, view: str, method: str) -> tuple[Any, Any]:
        series = self._series.get((status, view, method))
        if series is None:
            by_view = {"view": view, "method": method}
            series = self._series[status, view, method] = (
                self._measures.requests_latency_by_view_method.labels(**by_view),
                self._measures.responses_by_status_view_method.labels(status=status, **by_view),
            )
        return series


def _view_of(request: HttpRequest) -> str:
    match = request.resolver_match
    return match.view_name or "<unnamed view>" if match else "<no view>"
