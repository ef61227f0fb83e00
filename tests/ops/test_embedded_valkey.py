"""The embedded Valkey keeps what is queued."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import redis

from leadqual import embedded, servers, valkey
from tests.ops.places import none_are_left_in


def queue() -> list[bytes]:
    with redis.Redis.from_url(embedded.redis_url()) as client:
        return client.lrange("celery", 0, -1)  # type: ignore[return-value]


def put(task: str) -> int:
    """Queues a task; the server's process."""
    with redis.Redis.from_url(embedded.redis_url()) as client:
        client.rpush("celery", task)
        return int(client.info("server")["process_id"])


def test_queued_tasks_outlive_a_restart(var: Path) -> None:
    with embedded.running():
        put("train")
    with embedded.running():
        assert queue() == [b"train"]
    assert none_are_left_in(var)


def test_a_killed_server_comes_up_again_with_what_was_queued(var: Path) -> None:
    with embedded.running():
        pid = put("train")
        servers.until(lambda: False, 1.5)  # its file is written every second
        os.kill(pid, signal.SIGKILL)
        assert servers.until(lambda: not valkey.runs(), 10)
    with embedded.running():
        assert queue() == [b"train"]


def test_a_server_that_has_much_to_read_is_waited_for(var: Path) -> None:
    with embedded.running(), redis.Redis.from_url(embedded.redis_url(), socket_timeout=60) as client:
        client.eval("for i = 1, 400000 do redis.call('SET', i, i) end", 0)
    with embedded.running(), redis.Redis.from_url(embedded.redis_url()) as client:
        assert client.get("400000") == b"400000"


def test_celery_has_a_database_of_its_own_on_ours_and_shares_anothers() -> None:
    assert valkey.broker_url("unix:///s/valkey.sock?db=0") == "redis+socket:///s/valkey.sock?virtual_host=1"
    assert valkey.broker_url("redis://cache.example:6379/3") == "redis://cache.example:6379/3"
