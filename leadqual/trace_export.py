"""What leaves with a trace: of an error that the database refused only what it says, and nothing of the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Status

from leadqual.logs import DETAIL


class ExporterWithoutRows(OTLPSpanExporter):
    """OpenTelemetry's, which sends an error's text and traceback as they are: PostgreSQL's name the row's values."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends the spans, as the log would tell them."""
        return super().export([without_row(span) for span in spans])


def without_row(span: ReadableSpan) -> ReadableSpan:
    """The span itself or, where it tells of an error, one like it without what PostgreSQL adds to its first line."""
    if not (span.events or span.status.description):
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[Event(each.name, _without(each.attributes or {}), each.timestamp) for each in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, DETAIL.sub("", span.status.description or "") or None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: DETAIL.sub("", value) if isinstance(value, str) else value for name, value in attributes.items()}
