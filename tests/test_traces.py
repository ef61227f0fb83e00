"""Traces are made where the settings say where to, of requests and their tasks, without anything of a lead."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from leadqual import tracing
from leads.tests.cast import a_past
from tests.processes import Process, Server
from tests.test_other_processes import asked, eventually


class Collector(http.server.ThreadingHTTPServer):
    """Takes spans in, as (service, name, trace, attributes)."""

    spans: list[tuple[str, str, bytes, dict[str, str]]]


class Door(http.server.BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        import gzip

        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = attributes(resource.resource.attributes)["service.name"]
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                self.server.spans.append((service, span.name, span.trace_id, attributes(span.attributes)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def attributes(pairs: Any) -> dict[str, str]:
    return {pair.key: str(pair.value.string_value) for pair in pairs}


@pytest.fixture
def collector(process_environment: dict[str, str]) -> Iterator[Collector]:
    server = Collector(("127.0.0.1", 0), Door)
    server.spans = []
    process_environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    process_environment["OTEL_BSP_SCHEDULE_DELAY"] = "200"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_without_the_setting_nothing_is_traced() -> None:
    assert not tracing.start("leadqual-web")


@pytest.mark.django_db
def test_a_row_that_the_database_refuses_leaves_with_no_trace() -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from leadqual.trace_export import without_row

    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        provider.get_tracer("test").start_as_current_span("INSERT", attributes={"db.system": "postgresql"}),
        connection.cursor() as cursor,
    ):
        cursor.execute("INSERT INTO dossier (number, owner) VALUES (1, 'Jane Doe')")
    (span,) = kept.get_finished_spans()
    assert "Jane Doe" in span.to_json()
    sent = without_row(span)
    assert "Jane Doe" not in sent.to_json()
    assert "violates not-null constraint" in str(sent.status.description)
    assert "violates not-null constraint" in str((sent.events[0].attributes or {})["exception.message"])
    assert (sent.name, sent.context, sent.attributes) == (span.name, span.context, span.attributes)


@pytest.mark.slow
def test_a_task_is_in_the_trace_of_the_request_that_asked_for_it(
    collector: Collector, server_processes: Callable[[int], list[Server]], celery_worker_process: Process
) -> None:
    a_past()
    server = server_processes(1)[0]
    assert asked(server.address, "/api/ml/score-jobs", {"source": "referral"})[0] == 202
    assert asked(server.address, "/api/ml/leads/ranked?source=referral", method="GET")[0] == 200
    for wanted in ("ranked", "score-jobs", "run/predictions.tasks.score", "run/predictions.tasks.score_chunk"):
        assert eventually(lambda wanted=wanted: any(name.endswith(wanted) for _, name, _, _ in collector.spans)), wanted
    spans = {name: (service, trace) for service, name, trace, _ in collector.spans}
    request = next(name for name in spans if name.startswith("POST") and "score-jobs" in name)
    service, trace = spans[request]
    assert service == "leadqual-web"
    assert spans["run/predictions.tasks.score"] == ("leadqual-worker", trace)
    statements = [values["db.statement"] for _, _, _, values in collector.spans if "db.statement" in values]
    assert any("INSERT INTO" in statement and "%s" in statement for statement in statements)
    assert not any("referral" in str(values) for _, _, _, values in collector.spans)
