"""Many callers at the same time: each is answered about its own lead, and all that was said is stored."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from common.auth import issue_service_token
from common.service_tokens import issue, revoke
from leads.models import LeadScore
from leads.tests.cast import a_lead, a_past
from models_registry.tests.cast import a_version
from predictions.models import Prediction
from tests.processes import Server

CALLERS, TIMES = 24, 8


@pytest.fixture
def server(process_environment: dict[str, str], server_processes: Callable[[int], list[Server]]) -> Server:
    """With one process, so that all callers meet in it; its lines to the database are kept."""
    process_environment |= {"WEB_WORKERS": "1", "WEB_THREADS": "16", "DATABASE_CONN_MAX_AGE": "60"}
    return server_processes(1)[0]


def test_each_is_answered_about_its_own_lead(server: Server) -> None:
    a_past()
    a_version()
    numbers = [a_lead().number for _ in range(CALLERS)]
    token = issue_service_token(name="crm", org_id="default", scopes=["predictions:write", "predictions:read"], days=1)

    def ask(path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            server.address + path,
            data=b"" if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def call(place: int) -> list[Any]:
        said = []
        for _ in range(TIMES):
            said.append(ask(f"/api/ml/predict/{numbers[place]}"))
            said.append(ask("/api/v1/predict", {"features": {"appointments_count": place}}))
        return said

    with ThreadPoolExecutor(CALLERS) as threads:
        answers = list(threads.map(call, range(CALLERS)))
    for place, said in enumerate(answers):
        assert {answer["dossier_id"] for answer in said[::2]} == {numbers[place]}
        assert {appointments_of(answer) for answer in said[1::2]} == {place}
    keys = {answer["id"] for said in answers for answer in said}
    assert len(keys) == 2 * CALLERS * TIMES
    assert Prediction.objects.filter(pk__in=keys).count() == len(keys)
    current = dict(LeadScore.objects.values_list("dossier__number", "prediction_id"))
    assert {number: current[number] for number in numbers} == {
        number: said[-2]["id"] for number, said in zip(numbers, answers, strict=True)
    }
    assert met_others(server)
    for number in numbers[:3]:
        latest, history = (ask_for(server, token, f"/api/ml/predict/{number}/{what}") for what in ("latest", "history"))
        assert latest["id"] == history["results"][0]["id"] == current[number]
        assert len(history["results"]) == TIMES


def test_a_token_that_is_revoked_while_many_ask_opens_no_door_from_then_on(server: Server) -> None:
    tokens = [issue(name=f"crm {at}", org_id="default", scopes=["models:read"], days=1, by="tester") for at in range(4)]
    closed: dict[int, float] = {}
    all_in = threading.Barrier(CALLERS + 1, timeout=60)

    def ask(place: int) -> tuple[int, list[tuple[float, int]]]:
        """The status it was first answered with; then, when each of its calls began, and the status."""
        first = status_for(server, tokens[place % 4].token)
        all_in.wait()
        return first, [(time.monotonic(), status_for(server, tokens[place % 4].token)) for _ in range(25)]

    with ThreadPoolExecutor(CALLERS) as threads:
        asked = [threads.submit(ask, place) for place in range(CALLERS)]
        all_in.wait()
        for place in (0, 1):
            revoke(tokens[place].row, by="tester")
            closed[place] = time.monotonic()
        answers = [each.result() for each in asked]
    for place, (first, later) in enumerate(answers):
        assert first == 200
        if place % 4 in closed:
            assert {status for began, status in later if began > closed[place % 4]} == {401}
        else:
            assert {status for _, status in later} == {200}


def status_for(server: Server, token: str) -> int:
    """What a door says to who shows the token."""
    try:
        ask_for(server, token, "/api/ml/model/versions")
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def ask_for(server: Server, token: str, path: str) -> Any:
    request = urllib.request.Request(server.address + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def appointments_of(answer: Any) -> Any:
    return next(part["value"] for part in answer["feature_contributions"] if part["feature"] == "appointments_count")


def met_others(server: Server) -> bool:
    """Whether more were answered than works were done."""
    with urllib.request.urlopen(f"{server.address}/metrics", timeout=60) as answer:
        lines = [line.split() for line in answer.read().decode().splitlines()]
    figures = {line[0]: float(line[1]) for line in lines if len(line) == 2}
    counted, done = (figures[f"ml_prediction_callers_together_{what}"] for what in ("sum", "count"))
    return counted > done
