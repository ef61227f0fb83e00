"""A line of the log says which request it belongs to, who asked and for whom, and nothing of a lead."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.db import IntegrityError, transaction
from django.test import Client

from common.idempotency import IdempotencyKey
from leadqual import logs
from leads.tests.cast import a_lead, a_past, a_property, an_attribute
from tests.cast import Caller
from tests.processes import Process, Server, free_port
from tests.test_other_processes import asked, eventually

SCORING = {"predictions.tasks.score", "predictions.tasks.score_chunk"}


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What has been logged so far, as JSON where it is configured so."""
    made = logs.configuration("json", "INFO")["formatters"]["line"]
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=made["processors"], foreign_pre_chain=made["foreign_pre_chain"])
    )
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.mark.django_db
def test_a_request_is_one_line_of_json_that_says_who_asked_and_for_whom(lines: Callable[[], list[Any]]) -> None:
    lead = a_lead()
    assert Caller(name="crm of Lyon").post(f"/api/ml/predict/{lead.number}").status_code == 200
    (line,) = [line for line in lines() if line.get("request", "").startswith("POST")]
    assert line["event"] == "request_finished"
    assert (line["caller"], line["org_id"], line["code"]) == ("crm of Lyon", "default", 200)
    assert line["request"] == f"POST /api/ml/predict/{lead.number}"
    assert line["request_id"]
    assert line["timestamp"].endswith("Z")
    assert line["level"] == "info"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "taken"),
    [("edge-7 42", True), ("x" * 64, True), ("x" * 65, False), ("", False), ("a\tb", False), ("é", False)],
)
def test_a_request_is_called_as_its_caller_calls_it_where_that_can_stand_in_a_log(
    sent: str, taken: bool, lines: Callable[[], list[Any]]
) -> None:
    crm = Caller()
    crm.client.get("/api/ml/model/versions", headers=crm.headers | {"X-Request-ID": sent})
    (line,) = [line for line in lines() if line.get("request", "").startswith("GET")]
    assert (line["request_id"] == sent) is taken
    assert taken or len(line["request_id"]) == 36


@pytest.mark.django_db
def test_nothing_that_was_told_of_a_lead_is_in_the_log(lines: Callable[[], list[Any]]) -> None:
    lead = a_lead(source="Quillfeather", owner="Ombeline")
    a_property(lead, city="Zephyrville")
    an_attribute(lead, "profession", "Wheelwright")
    crm = Caller()
    assert crm.post(f"/api/ml/predict/{lead.number}").status_code == 200
    told = {"dossiers": [{"number": "Quillfeather", "email": "ombeline@example.org"}]}
    for path in ("/api/ml/leads", f"/api/ml/predict/{lead.number}/outcome", f"/api/ml/predict/{lead.number}/what-if"):
        crm.client.post(path, told, "application/json", headers=crm.headers)
    crm.client.get("/api/ml/leads/ranked?source=Quillfeather&q=Ombeline", headers=crm.headers)
    Client().get("/ml-insights/?q=Ombeline")
    text = json.dumps(lines())
    assert "request_finished" in text
    for word in ("Quillfeather", "Ombeline", "ombeline", "Zephyrville", "Wheelwright"):
        assert word not in text


@pytest.mark.django_db
def test_an_error_of_the_database_is_logged_without_the_row(lines: Callable[[], list[Any]]) -> None:
    values = {"org_id": "default", "caller": "Quillfeather", "key": "Ombeline"}
    IdempotencyKey.objects.create(**values)
    with pytest.raises(IntegrityError, match="Ombeline") as caught, transaction.atomic():
        IdempotencyKey.objects.create(**values)
    structlog.get_logger("test").error("refused", said=str(caught.value), exc_info=caught.value)
    (line,) = [line for line in lines() if line["event"] == "refused"]
    assert "duplicate key" in json.dumps(line)
    assert "Ombeline" not in json.dumps(line)
    assert "locals" not in json.dumps(line)


@pytest.mark.django_db
def test_a_request_that_is_answered_503_is_one_line_that_says_so(lines: Callable[[], list[Any]], settings: Any) -> None:
    settings.REDIS_URL, settings.RATE_LIMIT_WHEN_AWAY = f"redis://127.0.0.1:{free_port()}/0", "refuse"
    assert Caller().post("/api/ml/predict/1").status_code == 503
    (line,) = [line for line in lines() if "request" in line]
    assert (line["event"], line["code"]) == ("request_finished", 503)
    (away,) = [line for line in lines() if line["event"] == "dependency_away"]
    assert away["error"] == "ConnectionError"


def test_a_traceback_in_a_terminal_is_pythons_own_which_no_thread_waits_for() -> None:
    made = logs.configuration("console", "INFO")["formatters"]["line"]
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=made["processors"], foreign_pre_chain=made["foreign_pre_chain"]
    )
    try:
        told = "Quillfeather"
        raise KeyError(len(told))
    except KeyError as error:
        caught = error
    record = logging.LogRecord("test", logging.ERROR, "", 0, "refused", (), (KeyError, caught, caught.__traceback__))
    line = formatter.format(record)
    assert line.endswith("KeyError: 12")
    assert "= 'Quillfeather'" not in line


@pytest.mark.slow
def test_the_id_of_a_request_goes_through_to_its_tasks(
    server_processes: Callable[[int], list[Server]], celery_worker_process: Process
) -> None:
    a_past()
    server = server_processes(1)[0]
    assert asked(server.address, "/api/ml/score-jobs", {})[0] == 202
    assert eventually(lambda: {line["task"] for line in started(celery_worker_process)} >= SCORING)
    asking = next(line for line in logged(server) if line.get("request") == "POST /api/ml/score-jobs")
    for line in started(celery_worker_process):
        assert line["request_id"] == asking["request_id"]
        assert (line["org_id"], line["caller"]) == ("default", "crm")


def started(worker: Process) -> list[dict[str, Any]]:
    return [line for line in logged(worker) if line["event"] == "task_started"]


def logged(process: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.log.splitlines() if line.startswith("{") and line.endswith("}")]
