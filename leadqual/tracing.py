"""OpenTelemetry traces of requests, tasks and statements (not of their values), where the settings say where to."""

from __future__ import annotations

from typing import Any

from django.conf import settings

ADDRESSES = ("http.url", "http.target", "url.full", "url.query")


def start(service: str) -> bool:
    """Has this process, and those forked from it, send traces as `service`; False where none are wanted.

    Before the web application is made, whose middleware it joins. Without the setting nothing of it is even loaded.
    """
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return False
    from opentelemetry import trace
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from leadqual.trace_export import ExporterWithoutRows

    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    provider.add_span_processor(BatchSpanProcessor(ExporterWithoutRows()))  # it survives a fork, and reads OTEL_ itself
    trace.set_tracer_provider(provider)
    _instrument()
    return True


def _instrument() -> None:
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor

    DjangoInstrumentor().instrument(request_hook=_without_query)
    CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]
    Psycopg2Instrumentor().instrument(skip_dep_check=True)  # psycopg2-binary is psycopg2


def _without_query(span: Any, request: Any) -> None:
    """Somebody may have looked for a name in it."""
    for name in ADDRESSES:
        if span.is_recording() and name in span.attributes:
            span.set_attribute(name, "" if name == "url.query" else span.attributes[name].partition("?")[0])
