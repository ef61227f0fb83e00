"""What Prometheus sees of requests: django-prometheus's measures."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django_prometheus.middleware import PrometheusAfterMiddleware


class RequestMetrics(PrometheusAfterMiddleware):  # type: ignore[misc]
    """The same, which looks up each series once instead of with each request: nine of them, which are few in all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._series: dict[tuple[Any, ...], Any] = {}

    def label_metric(
        self, metric: Any, request: HttpRequest, response: HttpResponse | None = None, **labels: str
    ) -> Any:
        """The series of these labels."""
        key = (metric, *labels.values())
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = super().label_metric(metric, request, response, **labels)
        return series
