"""Limits a token: what is left is said, and beyond it the answer is 429."""

import subprocess
import sys
from typing import Any

import pytest
import redis

from common import throttling
from leads.tests.cast import a_lead
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def from_zero() -> None:
    throttling.counter().registered_client.flushdb()


def test_the_headers_say_what_is_left(settings: Any) -> None:
    settings.RATE_LIMIT_REQUESTS = "5/minute"
    crm = Caller()
    left = [crm.get("/api/ml/model/versions").headers["RateLimit-Remaining"] for _ in range(2)]
    assert left == ["4", "3"]


def test_beyond_the_limit_it_is_429_and_says_when_to_come_back(settings: Any) -> None:
    settings.RATE_LIMIT_PREDICTIONS = "2/minute"
    crm, lead = Caller(), a_lead()
    answers = [crm.post(f"/api/ml/predict/{lead.number}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert_error(answers[2], 429)
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60
    assert Caller(name="another").post(f"/api/ml/predict/{lead.number}").status_code == 200


def test_a_batch_counts_its_items(settings: Any) -> None:
    settings.RATE_LIMIT_BATCH_ITEMS = "5/minute"
    crm, item = Caller(), {"features": {}}
    assert crm.post("/api/v1/predict/batch", {"batch": [item] * 4}).status_code == 200
    assert crm.post("/api/v1/predict/batch", {"batch": [item] * 2}).status_code == 429


def left_of(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]


def test_the_limit_of_which_the_least_is_left_is_told(settings: Any) -> None:
    settings.RATE_LIMIT_REQUESTS, settings.RATE_LIMIT_PREDICTIONS = "4/minute", "3/minute"
    crm, path = Caller(), f"/api/ml/predict/{a_lead().number}"
    assert left_of(crm.post(path)) == (200, "3", "2")
    for _ in range(2):
        crm.get("/api/ml/model/versions")
    assert left_of(crm.post(path)) == (200, "4", "0")
    assert left_of(crm.post(path)) == (429, "4", "0")


def test_what_is_refused_uses_nothing_up(settings: Any) -> None:
    settings.RATE_LIMIT_BATCH_ITEMS, settings.RATE_LIMIT_REQUESTS = "5/minute", "9/minute"
    crm, item = Caller(), {"features": {}}
    sent = [crm.post("/api/v1/predict/batch", {"batch": [item] * number}) for number in (3, 4, 2)]
    assert list(map(left_of, sent)) == [(200, "5", "2"), (429, "5", "2"), (200, "5", "0")]
    assert left_of(crm.get("/api/ml/model/versions")) == (200, "9", "6")


def test_a_batch_for_which_no_window_has_room_is_413(settings: Any) -> None:
    settings.RATE_LIMIT_BATCH_ITEMS = "5/minute"
    crm, item = Caller(), {"features": {}}
    answer = crm.post("/api/v1/predict/batch", {"batch": [item] * 6})
    assert_error(answer, 413)
    assert "Retry-After" not in answer.headers
    assert left_of(crm.post("/api/v1/predict/batch", {"batch": [item] * 5})) == (200, "5", "0")


@pytest.fixture
def away(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    throttling.own_counter.cache_clear()


@pytest.mark.parametrize(("policy", "statuses"), [("allow", {200}), ("refuse", {503}), ("local", {200, 429})])
def test_while_the_store_is_away_the_policy_decides(settings: Any, policy: str, statuses: set[int], away: None) -> None:
    settings.RATE_LIMIT_WHEN_AWAY, settings.RATE_LIMIT_REQUESTS = policy, "3/minute"
    crm = Caller()
    assert {crm.get("/api/ml/model/versions").status_code for _ in range(5)} == statuses


def test_what_is_refused_uses_nothing_up_while_the_store_is_away_either(settings: Any, away: None) -> None:
    settings.RATE_LIMIT_BATCH_ITEMS = "5/minute"
    crm, item = Caller(), {"features": {}}
    sent = [crm.post("/api/v1/predict/batch", {"batch": [item] * number}) for number in (3, 4, 2)]
    assert [answer.status_code for answer in sent] == [200, 429, 200]


def test_a_connection_that_the_store_has_ended_is_made_anew_and_nobody_waits(settings: Any) -> None:
    settings.RATE_LIMIT_WHEN_AWAY = "refuse"
    crm = Caller()
    assert crm.get("/api/ml/model/versions").status_code == 200
    ours = throttling.counter().registered_client.client_id()  # no other: the next tests have theirs open
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        assert store.client_kill_filter(_id=str(ours)) == 1
    assert crm.get("/api/ml/model/versions").status_code == 200


COUNT = """
import redis, sys
count = redis.Redis.from_url(sys.argv[1]).register_script(sys.argv[2])
print(sum(count(["limit/shared"], [1, 3600, 100])[0] <= 100 for _ in range(60)))
"""


def test_the_limit_holds_exactly_across_processes(settings: Any) -> None:
    command = [sys.executable, "-c", COUNT, settings.REDIS_URL, throttling.COUNT]
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert sum(int(process.communicate()[0]) for process in asking) == 100
