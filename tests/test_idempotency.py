"""The same request sent twice is done once."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test import Client
from kombu.exceptions import OperationalError as BrokerError

from common.auth import issue_service_token
from common.jobs import JobStatus
from leads.tests.cast import a_lead
from predictions.models import Prediction, ScoreJob


@pytest.fixture
def headers() -> dict[str, str]:
    token = issue_service_token(name="crm", org_id="default", scopes=["predictions:write"], days=1)
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}


def predict(number: int, headers: dict[str, str]) -> Any:
    return Client().post(f"/api/ml/predict/{number}", content_type="application/json", headers=headers)


@pytest.mark.django_db
def test_the_same_key_and_request_get_the_first_answer_again(headers: dict[str, str]) -> None:
    lead = a_lead()
    first, second = predict(lead.number, headers), predict(lead.number, headers)
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Prediction.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_for_another_request_is_409(headers: dict[str, str]) -> None:
    assert predict(a_lead().number, headers).status_code == 200
    assert predict(a_lead().number, headers).status_code == 409


@pytest.mark.django_db
def test_an_error_is_not_kept(headers: dict[str, str]) -> None:
    assert predict(5_000_000, headers).status_code == 404
    assert predict(a_lead(number=5_000_000).number, headers).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_cannot_be_kept_is_400(headers: dict[str, str], key: str) -> None:
    response = predict(a_lead().number, headers | {"Idempotency-Key": key})
    assert response.status_code == 400, json.loads(response.content)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_job_of_which_no_worker_could_be_told_is_not_kept(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start() -> Any:
        return Client(raise_request_exception=False).post(
            "/api/ml/score-jobs", "{}", content_type="application/json", headers=headers
        )

    def away(*_: Any) -> None:
        raise BrokerError

    with monkeypatch.context() as patch:
        patch.setattr(current_app, "send_task", away)
        assert [start().status_code for _ in range(2)] == [503, 503]
    sent: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda *told: sent.append(told))
    first, again = start(), start()
    assert (first.status_code, again.status_code, len(sent)) == (202, 202, 1)
    assert "Idempotent-Replayed" not in first.headers
    assert first.json() == again.json()
    statuses = ScoreJob.objects.order_by("created_at").values_list("status", flat=True)
    assert list(statuses) == [JobStatus.FAILED, JobStatus.FAILED, JobStatus.QUEUED]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_at_once_make_one_prediction(headers: dict[str, str]) -> None:
    lead = a_lead()

    def ask(_: int) -> Any:
        try:
            return predict(lead.number, headers).json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert Prediction.objects.count() == 1
